"""Vectors for words, found by counting which word comes right after which: no training, so numbers have reasons.

Two words are *similar* if they have the same neighbours, and the dot product of their vectors says so (Levy and
Goldberg 2014, "Neural word embedding as implicit matrix factorization", shows that trained vectors do much the same).
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

_SMOOTHING = 0.75  # counts of single words to this power: rare words would else seem related by one accident


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Two vectors a word: one for what comes after it, one for what comes before it.

    The dot product `after[i] · before[j]` is about log(how many times more often word j follows word i than chance
    would have it), and 0 where it follows less often.

    Attributes:
        words: the words, the most frequent first.
        after: (words, width); what follows the word.
        before: (words, width); what the word follows.
    """

    words: tuple[str, ...]
    after: np.ndarray
    before: np.ndarray

    def of(self, sentence: str | Sequence[str]) -> np.ndarray:
        """The vectors of a sentence's words: (length, 2 · width), `after` in the first half, `before` in the second.

        Raises:
            ValueError: naming the first word that has no vector, or if there is no word at all.
        """
        sentence = split_words(sentence) if isinstance(sentence, str) else list(sentence)
        unknown = [word for word in sentence if word not in self.words]
        if unknown or not sentence:
            raise ValueError(
                f"{(unknown or [''])[0]!r} is not one of the {len(self.words)} words; use frequent words, such as "
                f"{', '.join(self.words[:5])}."
            )
        rows = [self.words.index(word) for word in sentence]
        return np.concatenate([self.after[rows], self.before[rows]], axis=1)

    def similar(self, word: str, how_many: int = 3) -> list[str]:
        """The other words whose vectors have the largest dot product with that of `word`.

        Raises:
            ValueError: if the word has no vector.
        """
        everything = np.concatenate([self.after, self.before], axis=1)
        scores = everything @ self.of([word])[0]
        ranked = [self.words[place] for place in np.argsort(-scores, kind="stable")]
        return [other for other in ranked if other != word][:how_many]


def word_vectors(texts: Iterable[str], words: int = 1000, width: int = 64) -> WordVectors:
    """Count neighbours in some texts and bring the counts into vectors.

    The table of log(observed / expected), negative entries set to 0, is cut down to the `width` most important
    directions on each side (a singular value decomposition).

    Args:
        texts: each is counted on its own; the last word of one is not followed by the first of the next.
        words: how many of the most frequent words get vectors.
        width: numbers in each of the two vectors.

    Raises:
        ValueError: if the texts have too few different words, or `width` is not smaller than their number.
    """
    sentences = [split_words(text) for text in texts]
    counts = Counter(word for sentence in sentences for word in sentence)
    frequent = tuple(word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:words])
    if not 1 <= width < len(frequent):
        raise ValueError(
            f"width is {width} for {len(frequent)} different words; give at least 1 and fewer than words."
        )
    return WordVectors(frequent, *_halves(_association(sentences, frequent), width))


def split_words(text: str) -> list[str]:
    """The words of a text in small letters; digits and signs only separate."""
    return re.findall(r"[a-z]+", text.lower())


def _association(sentences: list[list[str]], words: tuple[str, ...]) -> np.ndarray:
    """log(observed / expected) of each pair of neighbours where that is positive, else 0: (word, next word)."""
    place = {word: number for number, word in enumerate(words)}
    observed = np.zeros((len(words), len(words)))
    pairs = Counter(pair for sentence in sentences for pair in pairwise(sentence))
    for (first, second), times in pairs.items():
        if first in place and second in place:
            observed[place[first], place[second]] = times
    firsts, seconds = (observed.sum(axis=axis) ** _SMOOTHING for axis in (1, 0))
    shares = np.outer(firsts / max(firsts.sum(), 1), seconds / max(seconds.sum(), 1))
    expected = shares * observed.sum()
    ratio = np.divide(observed, expected, out=np.ones_like(observed), where=observed > 0)
    return np.maximum(np.log(ratio), 0)


def _halves(association: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    from scipy.sparse.linalg import svds

    left, strength, right = svds(association, k=width, random_state=0)
    root = np.sqrt(strength)
    return left * root, right.T * root
