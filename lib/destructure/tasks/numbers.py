"""The course's main task: translate numbers between English words and German words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from destructure.tasks.base import Pair, Split, Task, Vocabulary, require_choice, require_split, require_whole
from destructure.tasks.number_forms import TOKENS, Language, join, recognise, split, tidy, write
from destructure.tasks.number_split import between, draw, require_examples, require_sub_ranges, share_out
from destructure.tasks.number_words import LARGEST, require_number

Direction = Literal["english to german", "german to english", "both"]

USUAL_EXAMPLES: dict[Split, int] = {"train": 20_000, "validation": 1_000, "test": 1_000}


@dataclass(frozen=True, kw_only=True)
class NumberTranslation(Task):
    """Translate a number, 0 to 999,999, from one language to the other.

    Every number has exactly one right translation, so exact match is a fair score. German says the units before
    the tens, so the two languages cross; difficulty is a matter of dials. The splits share no *number*: eight
    of every ten numbers may be trained on, one is kept for validation and one for the test. The share-out depends
    on `split_seed` alone, so it is the same for every other dial, and a smaller training set is part of a larger.

    Args:
        direction: "english to german", "german to english", or "both": every number from English to German and
            back, the source led by a token that names the goal.
        high: the largest number, itself included.
        held_out: sub-ranges `(low, high)`, both ends included, that no split contains; see `held_out_pairs`.
        train_examples, validation_examples, test_examples: how many distinct numbers; None means 20,000, 1,000
            and 1,000, or all there are if the range has fewer. With "both", each number gives two pairs. Numbers
            of one, two, ... six digits take turns as long as they last, so that short numbers, which people like
            to type, are learned too; as there are few of them, a small set has a larger share of them.
        split_seed: a whole number from 0 on; another seed shares the numbers out differently.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> task = NumberTranslation(high=99_999, held_out=[(5_000, 5_999)])
        >>> task.source_text(23), task.target_text(23)
        ('twenty-three', 'dreiundzwanzig')
        >>> ids = task.encode_target("dreiundzwanzig")
        >>> task.vocabulary.decode(ids), task.decode_target(ids)
        (['drei', 'und', 'zwanzig'], 'dreiundzwanzig')
        >>> len(task.pairs("train")), len(task.pairs("test")), len(task.held_out_pairs())
        (20000, 1000, 1000)
    """

    direction: Direction = "english to german"
    high: int = LARGEST
    held_out: Sequence[tuple[int, int]] = ()
    train_examples: int | None = None
    validation_examples: int | None = None
    test_examples: int | None = None
    split_seed: int = 0

    def __post_init__(self):
        require_choice("direction", self.direction, get_args(Direction))
        high = require_number(self.high, "high")
        for dial, value in (("high", high), ("held_out", require_sub_ranges(self.held_out, high))):
            object.__setattr__(self, dial, value)
        require_whole("split_seed", self.split_seed, 0)
        _ = self._numbers  # made now, so that a setting which cannot work is refused at once

    @property
    def directions(self) -> dict[str, tuple[Language, Language]]:
        """The language read and the language written, for each direction of the task by its name."""
        names = ("english to german", "german to english") if self.direction == "both" else (self.direction,)
        return {name: tuple(name.split(" to ")) for name in names}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens of both languages, with the same ids whatever the direction, and those that name a goal."""
        return Vocabulary([*TOKENS["english"], *TOKENS["german"], *self._goals.values()])

    def numbers(self, split: Split) -> tuple[int, ...]:
        """The numbers of a split, in random order; the same for each call and each machine."""
        return self._numbers[require_split(split)]

    def items(self, split: Split) -> tuple[int, ...]:
        """The numbers: a number trained on in one direction may not be tested in the other."""
        return self.numbers(split)

    def pair(self, number: int, direction: Direction | None = None) -> Pair:
        """A number, 0 to 999,999, as source and target ids; it may lie outside the task's own range.

        `direction` is needed for the second direction of "both" only.
        """
        source, target = self._languages(direction)
        read, wanted = (self._ids(write(number, each), each) for each in (source, target))
        return Pair((*self._goal(target), *read), wanted)

    def held_out_pairs(self) -> tuple[Pair, ...]:
        """Pairs of 1,000 numbers of the held-out ranges, or of all; ValueError if nothing is held out."""
        if not self.held_out:
            raise ValueError("Nothing is held out; build the task with held_out=[(low, high)].")
        numbers = share_out(self.split_seed)["all"]
        return tuple(self._pairs_of(draw(numbers[between(numbers, self.held_out)], 1_000)))

    def source_text(self, number: int) -> str:
        """The number as the model reads it: what `encode_source` takes."""
        return write(number, self._languages()[0])

    def target_text(self, number: int) -> str:
        """The number as the model should write it: what `decode_target` gives."""
        return write(number, self._languages()[1])

    def encode_source(self, text: str) -> tuple[int, ...]:
        """A written number as ids; case, surplus spaces, commas and "and" are forgiven.

        With direction "both" the language is recognised and the token that names the goal put before it.

        Raises:
            ValueError: naming the word that cannot be read.
        """
        goals = dict(self.directions.values())
        language = recognise(text, list(goals))
        return (*self._goal(goals[language]), *self._ids(tidy(text, language), language))

    def encode_target(self, text: str) -> tuple[int, ...]:
        """A written number as the ids that the model should write. Raises ValueError as `encode_source` does."""
        language = recognise(text, [target for _, target in self.directions.values()])
        return self._ids(tidy(text, language), language)

    def decode_target(self, ids: Sequence[int]) -> str:
        """Ids that a model wrote, as text; with direction "both" the first token tells the language."""
        tokens = self.vocabulary.decode_written(ids)
        possible = [target for _, target in self.directions.values()]
        fitting = (language for language in possible if tokens and tokens[0] in TOKENS[language])
        return join(tokens, next(fitting, possible[0]))

    @cached_property
    def max_length(self) -> int:
        """Positions needed for the longest input, its target and the `[BOS]` between them.

        Counted over all numbers to 999,999, not only the task's range: a number outside can then be tried, and
        the model's shape does not depend on the range.
        """
        # A length is that of the thousands plus that of the rest, so the longest number repeats its longest half.
        pairs = self._pairs_of(range(1001, LARGEST + 1, 1001))
        return max(len(pair.source) + len(pair.target) + 1 for pair in pairs)

    @cached_property
    def _goals(self) -> dict[Language, str]:
        """The token that names the goal of a pair, for each target; none if there is one direction only."""
        targets = [target for _, target in self.directions.values()]
        return {target: f"[to {target}]" for target in targets} if len(targets) > 1 else {}

    @cached_property
    def _numbers(self) -> dict[Split, tuple[int, ...]]:
        drawn = {}
        for split_name, usual in USUAL_EXAMPLES.items():
            numbers = share_out(self.split_seed)[split_name]
            numbers = numbers[(numbers <= self.high) & ~between(numbers, self.held_out)]
            dial = f"{split_name}_examples"
            count = require_examples(dial, getattr(self, dial), usual, len(numbers), f"for {split_name}")
            drawn[split_name] = draw(numbers, count)
        return drawn

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        """One pair for each number of the split; two with direction "both"."""
        return self._pairs_of(self.numbers(split))

    def _pairs_of(self, numbers: Iterable[int]) -> Iterator[Pair]:
        return (self.pair(number, direction) for number in numbers for direction in self.directions)

    def _languages(self, direction: Direction | None = None) -> tuple[Language, Language]:
        names = self.directions
        if direction is not None and direction not in names:
            raise ValueError(f"This task has no direction {direction!r}; it has {list(names)}.")
        return names[direction or next(iter(names))]

    def _ids(self, text: str, language: Language) -> tuple[int, ...]:
        return tuple(self.vocabulary.encode(split(text, language)))

    def _goal(self, target: Language) -> list[int]:
        return self.vocabulary.encode([self._goals[target]]) if self._goals else []
