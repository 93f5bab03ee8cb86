"""Naive Bayes over character n-grams: a classifier that counts, and assumes a great deal.

It assumes that the order of a text does not matter beyond a few neighbouring characters, and that, once the class is
known, every n-gram comes independently of all others. Both are false, and in return it learns in one pass: one
addition to a counter for each n-gram.
"""

from collections.abc import Hashable, Sequence

import numpy as np

SMOOTHING = 0.1


class NaiveBayes:
    """Multinomial naive Bayes: p(class | text) ∝ p(class) · Π p(n-gram | class).

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
