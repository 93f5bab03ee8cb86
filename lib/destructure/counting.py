"""Models without a network: they count. The oldest language model, a classifier, and vectors for words.

Cost. Counting makes no matrix products, so it has no FLOPs in the sense of `destructure.cost`. Here an *operation*
is one addition to a counter. An n-gram model counts a token once for every window from 0 to `window`, so learning
from n tokens takes n · (window + 1) operations. Each of them also costs a look-up in a table, which on a real machine
takes as long as some hundred multiplications. Whoever puts counting and training on one axis must say what an
operation counts for, and show that the conclusion does not depend on it.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

DISCOUNT = 0.75  # taken from each count of an n-gram
SMOOTHING = 0.1  # added to each count of a naive Bayes classifier
_RARE_WORDS = 0.75  # counts of single words to this power: rare ones would else seem related by one accident


class NgramModel:
    """Counts of what followed the last tokens, with interpolated absolute discounting (Ney, Essen & Kneser 1994).

    It assumes a great deal: that only the last `window` tokens matter, and that what was never seen together is best
    judged by a shorter window. In return it learns by counting, thousands of times cheaper than by gradients.

    The probability of a token after a context is a mixture of all windows, from the longest down to none:

        p(token | context) = max(count − discount, 0) / total + saved · p(token | context without its oldest token)

    where `saved` = discount · (different tokens seen after the context) / total is exactly what the discount took
    away. Below the empty context stands the uniform distribution, so nothing is impossible.

    Args:
        vocabulary: how many token ids there are.
        window: how many tokens back it looks; 0 looks at none.
        discount: taken from each count, above 0 and below 1.

    Attributes:
        operations: additions to counters so far.

    Raises:
        ValueError: if a size is not a whole number in range, or the discount not between 0 and 1.

    Example:
        >>> model = NgramModel(vocabulary=3, window=1)
        >>> model.learn([[0, 1, 0, 1, 0]])
        >>> round(model.probability(1, [0]), 3)
        0.792
    """

    def __init__(self, vocabulary: int, window: int, discount: float = DISCOUNT):
        for name, value, lowest in (("vocabulary", vocabulary, 1), ("window", window, 0)):
            if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
                raise ValueError(f"{name} is {value!r}; it must be a whole number of {lowest} or more.")
        if not 0 < discount < 1:
            raise ValueError(f"discount is {discount!r}; it must lie between 0 and 1.")
        self.vocabulary, self.window, self.discount = vocabulary, window, discount
        self.operations = 0
        self._counts: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
        self._totals: dict[tuple[int, ...], int] = defaultdict(int)

    def learn(self, sequences: Iterable[Sequence[int]]) -> None:
        """Count the tokens of some sequences; may be called again with more."""
        for sequence in sequences:
            sequence = tuple(sequence)
            for place, token in enumerate(sequence):
                for back in range(min(self.window, place) + 1):
                    context = sequence[place - back : place]
                    followers = self._counts[context]
                    followers[token] = followers.get(token, 0) + 1
                    self._totals[context] += 1
                    self.operations += 1

    def probability(self, token: int, context: Sequence[int], window: int | None = None) -> float:
        """How likely this token is after these, looking `window` (by default all it has) tokens back.

        Raises:
            ValueError: if `window` is longer than what was counted.
        """
        window = self.window if window is None else window
        if not 0 <= window <= self.window:
            raise ValueError(
                f"window is {window}, but this model counted windows of 0 to {self.window}; use one of those."
            )
        return self._mixtures(token, tuple(context), window)[-1]

    def bits(self, sequences: Iterable[Sequence[int]]) -> list[float]:
        """Mean bits a token, for every window from 0 to the model's own: one counting answers for all.

        Raises:
            ValueError: if there is no token to predict.
        """
        totals, tokens = [0.0] * (self.window + 1), 0
        for sequence in sequences:
            sequence = tuple(sequence)
            for place, token in enumerate(sequence):
                chances = self._mixtures(token, sequence[:place], self.window)
                for window in range(self.window + 1):
                    totals[window] -= math.log2(chances[min(window, len(chances) - 1)])
                tokens += 1
        if not tokens:
            raise ValueError("There is no token to predict; give at least one sequence that is not empty.")
        return [total / tokens for total in totals]

    def _mixtures(self, token: int, context: tuple[int, ...], window: int) -> list[float]:
        """The probability with windows 0, 1, 2, … (as many as the context is long)."""
        chance, chances = 1 / self.vocabulary, []
        for back in range(min(window, len(context)) + 1):
            seen = context[len(context) - back :]
            total = self._totals.get(seen, 0)
            if total:  # a context never seen adds nothing: the shorter one decides
                followers = self._counts[seen]
                saved = self.discount * len(followers) / total
                chance = max(followers.get(token, 0) - self.discount, 0) / total + saved * chance
            chances.append(chance)
        return chances


def counting_operations(lengths: Iterable[int], window: int) -> int:
    """Operations to learn from sequences of these lengths: tokens near a beginning have fewer to look back at."""
    return sum(sum(min(window, place) + 1 for place in range(length)) for length in lengths)


class NaiveBayes:
    """Multinomial naive Bayes over character n-grams: p(class | text) ∝ p(class) · Π p(n-gram | class).

    It assumes that the order of a text does not matter beyond a few neighbouring characters, and that, once the class
    is known, every n-gram comes independently of all others. Both are false, and in return it learns in one pass.

    Args:
        longest: n-grams of 1 to so many neighbouring tokens are counted.
        smoothing: added to every count, so that what a class never had is unlikely, not impossible.

    Attributes:
        classes: what may be answered, in order of first appearance.
        operations: additions to counters so far.

    Raises:
        ValueError: if a setting is out of range.

    Example:
        >>> model = NaiveBayes(longest=2)
        >>> model.learn(["der Hund", "das Haus", "the dog", "the house"], ["de", "de", "en", "en"])
        >>> model.predict(["das ist der Hund", "this is the house"])
        ['de', 'en']
    """

    def __init__(self, longest: int = 4, smoothing: float = SMOOTHING):
        if not isinstance(longest, int) or isinstance(longest, bool) or longest < 1:
            raise ValueError(f"longest is {longest!r}; it must be a whole number of 1 or more.")
        if not smoothing > 0:
            raise ValueError(f"smoothing is {smoothing!r}; it must be a number above 0.")
        self.longest, self.smoothing = longest, smoothing
        self.classes: list[Hashable] = []
        self.operations = 0
        self._places: dict[tuple, int] = {}

    def learn(self, texts: Sequence[Sequence[Hashable]], classes: Sequence[Hashable]) -> None:
        """Count the n-grams of each class; what was learned before is forgotten.

        Raises:
            ValueError: if there are no texts, or not one class for each.
        """
        if not len(texts) or len(texts) != len(classes):
            raise ValueError(
                f"There are {len(texts)} texts and {len(classes)} classes; give one class for each text."
            )
        self.classes = list(dict.fromkeys(classes))
        rows = {one: row for row, one in enumerate(self.classes)}
        self._places, seen, of_class = {}, [], []
        for text, one in zip(texts, classes, strict=True):
            grams = self.ngrams(text)
            seen += [self._places.setdefault(gram, len(self._places)) for gram in grams]
            of_class += [rows[one]] * len(grams)
        counts = np.full((len(self._places), len(self.classes)), self.smoothing)
        np.add.at(counts, (seen, of_class), 1)
        self.operations = len(seen)
        self._log_likelihood = np.log(counts / counts.sum(axis=0))
        self._log_prior = np.log(np.bincount([rows[one] for one in classes]) / len(classes))

    def scores(self, text: Sequence[Hashable]) -> np.ndarray:
        """log p(class) + Σ log p(n-gram | class) for each class; n-grams never seen in training say nothing.

        Raises:
            ValueError: if nothing was learned yet.
        """
        if not self.classes:
            raise ValueError("This model has learned nothing yet; call learn() first.")
        known = [self._places[gram] for gram in self.ngrams(text) if gram in self._places]
        return self._log_prior + self._log_likelihood[known].sum(axis=0)

    def predict(self, texts: Sequence[Sequence[Hashable]]) -> list[Hashable]:
        """The most probable class of each text."""
        return [self.classes[int(self.scores(text).argmax())] for text in texts]

    def ngrams(self, text: Sequence[Hashable]) -> list[tuple]:
        """All runs of 1 to `longest` neighbouring tokens, those at the ends marked by a `None` beside them."""
        tokens = (None, *text, None)
        return [
            tokens[start : start + length]
            for length in range(1, self.longest + 1)
            for start in range(len(tokens) - length + 1)
        ]

    def answer_operations(self, length: int) -> int:
        """Additions to classify a text of so many tokens: one for each n-gram and class."""
        grams = sum(max(0, length + 3 - size) for size in range(1, self.longest + 1))
        return grams * len(self.classes)


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Two vectors per word: one for what comes after it, one for what comes before it.

    Two words are *similar* if they have the same neighbours, and the dot product of their vectors says so (Levy and
    Goldberg 2014, "Neural word embedding as implicit matrix factorization": trained vectors do much the same).

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
    firsts, seconds = (observed.sum(axis=axis) ** _RARE_WORDS for axis in (1, 0))
    shares = np.outer(firsts / max(firsts.sum(), 1), seconds / max(seconds.sum(), 1))
    expected = shares * observed.sum()
    ratio = np.divide(observed, expected, out=np.ones_like(observed), where=observed > 0)
    return np.maximum(np.log(ratio), 0)


def _halves(association: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    from scipy.sparse.linalg import svds

    left, strength, right = svds(association, k=width, random_state=0)
    root = np.sqrt(strength)
    return left * root, right.T * root
