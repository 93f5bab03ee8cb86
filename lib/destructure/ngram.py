"""The oldest language model: count what followed the last few characters.

It assumes a great deal: that only the last `window` tokens matter, and that what was never seen together is best
judged by a shorter window. In return it learns by counting, thousands of times cheaper than by gradients.

Cost. Counting makes no matrix products, so it has no FLOPs in the sense of `destructure.cost`. Here an *operation*
is one addition to a counter. A token is counted once for every window from 0 to `window`, so learning from n tokens
takes n · (window + 1) operations. Each of them also costs a look-up in a table, which on a real machine takes as
long as some hundred multiplications. Whoever puts counting and training on one axis must say what an operation
counts for, and show that the conclusion does not depend on it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

DISCOUNT = 0.75


class NgramModel:
    """Counts of the last tokens, with interpolated absolute discounting (Ney, Essen & Kneser 1994).

    The probability of a token after a context is a mixture of all windows, from the longest down to none:

        p(token | context) = max(count − discount, 0) / total + saved · p(token | context without its oldest token)

    where `saved` = discount · (different tokens seen after the context) / total is exactly what the discount took
    away. Below the empty context stands the uniform distribution, so nothing is impossible.

    Args:
        vocabulary: how many token ids there are.
        window: how many tokens back it looks; 0 looks at none.
        discount: taken from each count, above 0 and below 1.

    Attributes:
        operations: additions to counters so far; see the module's description.

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
