"""Models without a network: they count. The oldest language model, and a classifier.

Counting makes no matrix products, so it has no FLOPs in the sense of `destructure.cost`. An *operation* is one
addition to a counter: n · (window + 1) to learn from n tokens. Each also costs a look-up, which takes as long as some
hundred multiplications: whoever puts counting and training on one axis must say what an operation counts for.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from destructure.config import require_whole

DISCOUNT = 0.75  # taken from each count of an n-gram
SMOOTHING = 0.1  # added to each count of a naive Bayes classifier


class NgramModel:
    """Counts of what followed the last tokens, with interpolated absolute discounting (Ney, Essen & Kneser 1994).

    It assumes a great deal: that only the last `window` tokens matter, and that what was never seen together is best
    judged by a shorter window. In return it learns by counting, thousands of times cheaper than by gradients.

    The probability of a token after a context is a mixture of all windows, from the longest down to none:

        p(token | context) = max(count − discount, 0) / total + saved · p(token | context without its oldest token)

    where `saved` = discount · (different tokens seen after the context) / total is exactly what the discount took
    away. Below the empty context stands the uniform distribution, so nothing is impossible.

    It looks `window` tokens back (0: none); the `discount`, above 0 and below 1, is taken from each count.

        >>> model = NgramModel(vocabulary=3, window=1)
        >>> model.learn([[0, 1, 0, 1, 0]])
        >>> round(model.probability(1, [0]), 3)
        0.792
    """

    def __init__(self, vocabulary: int, window: int, discount: float = DISCOUNT):
        require_whole("vocabulary", vocabulary)
        require_whole("window", window, lowest=0)
        if not 0 < discount < 1:
            raise ValueError(f"discount is {discount!r}; it must lie between 0 and 1.")
        self.vocabulary, self.window, self.discount = vocabulary, window, discount
        self.operations = 0  # additions to counters so far
        self._counts: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
        self._totals: dict[tuple[int, ...], int] = defaultdict(int)

    def learn(self, sequences: Iterable[Sequence[int]]) -> None:
        """Count the tokens of some sequences; may be called again with more."""
        for sequence in map(tuple, sequences):
            for place, token in enumerate(sequence):
                for back in range(min(self.window, place) + 1):
                    context = sequence[place - back : place]
                    followers = self._counts[context]
                    followers[token] = followers.get(token, 0) + 1
                    self._totals[context] += 1
                    self.operations += 1

    def probability(self, token: int, context: Sequence[int], window: int | None = None) -> float:
        """How likely this token is after these, looking `window` (by default all it has) tokens back."""
        window = self.window if window is None else window
        if not 0 <= window <= self.window:
            raise ValueError(
                f"window is {window}, but this model counted windows of 0 to {self.window}; use one of those."
            )
        return self._mixtures(token, tuple(context), window)[-1]

    def bits(self, sequences: Iterable[Sequence[int]]) -> list[float]:
        """Mean bits per token, for every window from 0 to the model's own: one counting answers for all."""
        totals, tokens = [0.0] * (self.window + 1), 0
        for sequence in map(tuple, sequences):
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


class NaiveBayes:
    """Multinomial naive Bayes over character n-grams: p(class | text) ∝ p(class) · Π p(n-gram | class).

    It assumes that the order of a text does not matter beyond a few neighbouring characters, and that, once the class
    is known, every n-gram comes independently of all others. Both are false, and in return it learns in one pass.

    N-grams of 1 to `longest` neighbouring tokens are counted; `smoothing` is added to every count, so that what a
    class never had is unlikely, not impossible.

        >>> model = NaiveBayes(longest=2)
        >>> model.learn(["der Hund", "das Haus", "the dog", "the house"], ["de", "de", "en", "en"])
        >>> model.predict(["das ist der Hund", "this is the house"])
        ['de', 'en']
    """

    def __init__(self, longest: int = 4, smoothing: float = SMOOTHING):
        require_whole("longest", longest)
        if not smoothing > 0:
            raise ValueError(f"smoothing is {smoothing!r}; it must be a number above 0.")
        self.longest, self.smoothing = longest, smoothing
        self.classes: list[Hashable] = []  # what may be answered, in order of first appearance
        self.operations = 0  # additions to counters so far
        self._places: dict[tuple, int] = {}

    def learn(self, texts: Sequence[Sequence[Hashable]], classes: Sequence[Hashable]) -> None:
        """Count the n-grams of each class; what was learned before is forgotten."""
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
        """log p(class) + Σ log p(n-gram | class) for each class; n-grams never seen in training say nothing."""
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
