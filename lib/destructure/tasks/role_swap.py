"""Do two roles share what they know? Much in one direction, a little in the other, measured in the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from destructure.tasks.base import Pair, Split, Task, Vocabulary, require_whole
from destructure.tasks.numbers import NumberTranslation


@dataclass(frozen=True, kw_only=True)
class RoleSwap(Task):
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
        split_seed: see `NumberTranslation`.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> task = RoleSwap(examples=1000, swapped_examples=10)
        >>> len(task.pairs("train")), len(task.pairs("test"))
        (1010, 1000)
    """

    high: int = 99_999
    examples: int = 20_000
    swapped_examples: int = 200
    validation_examples: int = 1_000
    test_examples: int = 1_000
    split_seed: int = 0

    def __post_init__(self):
        require_whole("examples", self.examples, 1, 1_000_000)
        require_whole("swapped_examples", self.swapped_examples, 0, self.examples)
        _ = self._numbers

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens of both languages and of the two goals."""
        return self._numbers.vocabulary

    @property
    def max_length(self) -> int:
        """Positions needed in either direction."""
        return self._numbers.max_length

    def items(self, split: Split) -> tuple[int, ...]:
        """The numbers: one that is trained on in either direction may not be tested."""
        return self._numbers.numbers(split)

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        """Training: English to German and the few others. Validation and test: German to English."""
        numbers, pair = self._numbers.numbers(split), self._numbers.pair
        if split == "train":
            yield from (pair(number, "english to german") for number in numbers)
            numbers = numbers[: self.swapped_examples]
        yield from (pair(number, "german to english") for number in numbers)

    def encode_source(self, text: str) -> tuple[int, ...]:
        """A written number as ids, led by the token that names the other language as the goal."""
        return self._numbers.encode_source(text)

    def encode_target(self, text: str) -> tuple[int, ...]:
        """A written number as the ids that the model should write."""
        return self._numbers.encode_target(text)

    def decode_target(self, ids: Sequence[int]) -> str:
        """Ids that a model wrote, as text."""
        return self._numbers.decode_target(ids)

    @cached_property
    def _numbers(self) -> NumberTranslation:
        return NumberTranslation(
            direction="both",
            high=self.high,
            train_examples=self.examples,
            validation_examples=self.validation_examples,
            test_examples=self.test_examples,
            split_seed=self.split_seed,
        )
