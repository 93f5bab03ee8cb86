"""Do two roles share what they know? Much in one direction, a little in the other, measured in the other."""

from collections.abc import Iterator
from dataclasses import dataclass

from destructure.tasks.base import Pair, Split, require_whole
from destructure.tasks.numbers import Direction, NumberTranslation


@dataclass(frozen=True, kw_only=True)
class RoleSwap(NumberTranslation):
    """Translate numbers from English to German, and a few back; measured on the way back.

    Most training pairs go from English to German. A few go the other way, and all validation and test pairs do. What
    a model learned about German as a *target* helps it to read German as a *source* only if both roles share weights:
    that is the lecture's argument against separate parameters (CS25 V4, 27:09), as a probe. A token at the beginning
    of the source names the goal. Splits share no number.

    Args:
        high: the largest number.
        examples: training numbers from English to German.
        swapped_examples: training numbers from German to English; they are among the others.
        validation_examples, test_examples: numbers from German to English.
        split_seed: see `NumberTranslation`, also for the other dials.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> task = RoleSwap(examples=1000, swapped_examples=10)
        >>> len(task.pairs("train")), len(task.pairs("test"))
        (1010, 1000)
    """

    direction: Direction = "both"
    high: int = 99_999
    examples: int = 20_000
    swapped_examples: int = 200
    validation_examples: int = 1_000
    test_examples: int = 1_000

    def __post_init__(self):
        require_whole("examples", self.examples, 1, 1_000_000)
        require_whole("swapped_examples", self.swapped_examples, 0, self.examples)
        object.__setattr__(self, "train_examples", self.examples)
        super().__post_init__()

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        """Training: English to German and the few others. Validation and test: German to English."""
        numbers = self.numbers(split)
        if split == "train":
            yield from (self.pair(number, "english to german") for number in numbers)
            numbers = numbers[: self.swapped_examples]
        yield from (self.pair(number, "german to english") for number in numbers)
