"""The course's main task: translate numbers between English words, German words and digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from destructure.tasks.base import (
    SPECIAL_TOKENS,
    Pair,
    Split,
    Task,
    Vocabulary,
    require_choice,
    require_split,
)
from destructure.tasks.number_reading import Form, recognise
from destructure.tasks.number_spelling import Spelling, Unit, spellings
from destructure.tasks.number_split import (
    Sampling,
    candidates,
    draw,
    held_out_candidates,
    require_examples,
    require_sub_ranges,
)
from destructure.tasks.number_words import LARGEST, require_number

Direction = Literal[
    "english to german",
    "german to english",
    "digits to english",
    "digits to german",
    "english to digits",
    "german to digits",
    "both",
]

MOST_TOKENS = 130
"""The largest vocabulary allowed: small enough that a laptop spends its time on the model's layers."""

USUAL_EXAMPLES: dict[Split, int] = {"train": 20_000, "validation": 1_000, "test": 1_000}


@dataclass(frozen=True, kw_only=True)
class NumberTranslation(Task):
    """Translate a number, 0 to 999,999, from one written form to another.

    Every number has exactly one right translation, so exact match is a fair score. German says the units before
    the tens, so the two languages cross; difficulty is a matter of dials. The splits share no *number*: eight
    of every ten numbers may be trained on, one is kept for validation and one for the test. The share-out depends
    on `split_seed` alone, so it is the same for every other dial, and a smaller training set is part of a larger.

    Args:
        direction: "english to german" (the default) or another pair of "english", "german" and "digits"; or
            "both": every number from English to German and back, the source led by a token that names the goal.
        low, high: the smallest and the largest number, both included.
        held_out: sub-ranges `(low, high)`, both ends included, that no split contains; see `held_out_pairs`.
        english_tokens, german_tokens: what a token is, in whichever role the language has. "words", "pieces"
            (the parts of a German compound; English words, spaces and hyphens) or "characters". German writes a
            number as one word, so German "words" are allowed for small ranges only, and an unseen number is then
            an unseen word, which no model can know. Digits are always one token each.
        sampling: "by length" lets numbers of one, two, ... six digits take turns as long as they last, so that
            short numbers, which people like to type, are learned too. "uniform" draws every number with the same
            probability: 90 of 100 then have six digits. Each split is drawn in the same way; as there are few
            short numbers, a small test set has a larger share of them than a large training set.
        train_examples, validation_examples, test_examples: how many distinct numbers; None means 20,000, 1,000
            and 1,000, or all there are if the range has fewer. With "both", each number gives two pairs.
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
    low: int = 0
    high: int = LARGEST
    held_out: Sequence[tuple[int, int]] = ()
    english_tokens: Unit = "words"
    german_tokens: Unit = "pieces"
    sampling: Sampling = "by length"
    train_examples: int | None = None
    validation_examples: int | None = None
    test_examples: int | None = None
    split_seed: int = 0

    def __post_init__(self):
        require_choice("direction", self.direction, get_args(Direction))
        require_choice("english_tokens", self.english_tokens, get_args(Unit))
        require_choice("german_tokens", self.german_tokens, get_args(Unit))
        require_choice("sampling", self.sampling, get_args(Sampling))
        low, high = require_number(self.low, "low"), require_number(self.high, "high")
        if low > high:
            raise ValueError(f"low is {low:,} and high is {high:,}; give the smaller number as low.")
        held_out = require_sub_ranges("held_out", self.held_out, low, high)
        for dial, value in (("low", low), ("high", high), ("held_out", held_out)):
            object.__setattr__(self, dial, value)
        if isinstance(self.split_seed, bool) or not isinstance(self.split_seed, int) or self.split_seed < 0:
            raise ValueError(f"split_seed is {self.split_seed!r}; give a whole number from 0 on.")
        _ = self._spellings, self._numbers  # made now, so that a setting which cannot work is refused at once

    @property
    def name(self) -> str:
        """What is translated, for titles and tables."""
        return f"numbers, {self.direction}" + (" directions" if self.direction == "both" else "")

    @property
    def directions(self) -> tuple[tuple[Form, Form], ...]:
        """The form read and the form written, once for each direction of the task."""
        if self.direction == "both":
            return (("english", "german"), ("german", "english"))
        return (tuple(self.direction.split(" to ")),)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens of all forms in use. A form keeps its ids when source and target change places."""
        tokens = [token for spelling in self._spellings.values() for token in spelling.tokens]
        return Vocabulary(list(dict.fromkeys((*tokens, *self._goals.values()))))

    def numbers(self, split: Split) -> tuple[int, ...]:
        """The numbers of a split, in random order; the same for each call and each machine."""
        return self._numbers[require_split(split)]

    def held_out_numbers(self, examples: int | None = None) -> tuple[int, ...]:
        """Numbers of the held-out ranges, for evaluation; 1,000, or all if there are fewer.

        Raises:
            ValueError: if nothing is held out, or fewer numbers than asked for.
        """
        if not self.held_out:
            raise ValueError("Nothing is held out; build the task with held_out=[(low, high)].")
        numbers = held_out_candidates(self.held_out, self.split_seed)
        count = require_examples("examples", examples, 1_000, len(numbers), "held out")
        return draw(numbers, count, self.sampling)

    def items(self, split: Split) -> tuple[int, ...]:
        """The numbers: a number trained on in one direction may not be tested in the other."""
        return self.numbers(split)

    def pair(self, number: int, direction: Direction | None = None) -> Pair:
        """A number as source and target ids; it may lie outside the task's own range.

        Args:
            number: 0 to 999,999.
            direction: needed for the second direction of "both" only.
        """
        source, target = self._forms(direction)
        return Pair(
            (*self._prefix(target), *self._encode(source, number)), tuple(self._encode(target, number))
        )

    def pairs(self, split: Split) -> tuple[Pair, ...]:
        """The pairs of a split, one for each of its numbers (two with direction "both")."""
        numbers = self.numbers(split)
        if split not in self._pairs:
            self._pairs[split] = self._all_pairs(numbers)
        return self._pairs[split]

    def held_out_pairs(self, examples: int | None = None) -> tuple[Pair, ...]:
        """The pairs of `held_out_numbers(examples)`."""
        return self._all_pairs(self.held_out_numbers(examples))

    def source_text(self, number: int, direction: Direction | None = None) -> str:
        """The number as the model reads it: what `encode_source` takes."""
        return self._spellings[self._forms(direction)[0]].write(number)

    def target_text(self, number: int, direction: Direction | None = None) -> str:
        """The number as the model should write it: what `decode_target` gives."""
        return self._spellings[self._forms(direction)[1]].write(number)

    def encode_source(self, text: str) -> tuple[int, ...]:
        """A written number as ids; case, surplus spaces, commas and "and" are forgiven.

        With direction "both" the language is recognised and the token that names the goal put before it.

        Raises:
            ValueError: naming the word that cannot be read.
        """
        form = recognise(text, [source for source, _ in self.directions])
        target = dict(self.directions)[form]
        return (*self._prefix(target), *self.vocabulary.encode(self._spellings[form].read(text)))

    def encode_target(self, text: str) -> tuple[int, ...]:
        """A written number as the ids that the model should write. Raises ValueError as `encode_source` does."""
        form = recognise(text, [target for _, target in self.directions])
        return tuple(self.vocabulary.encode(self._spellings[form].read(text)))

    def decode_target(self, ids: Sequence[int]) -> str:
        """Ids that a model wrote, as text; stops at `[EOS]` and ignores padding.

        With direction "both" the first token tells the language.
        """
        tokens = self.vocabulary.decode_written(ids)
        possible = [self._spellings[target] for _, target in self.directions]
        written = next(
            (spelling for spelling in possible if tokens and tokens[0] in spelling.tokens), possible[0]
        )
        return written.join(tokens)

    @cached_property
    def max_length(self) -> int:
        """Positions needed for the longest input, its target and the `[BOS]` between them.

        Counted over all numbers to 999,999, not only the task's range: a number outside can then be tried, and
        the model's shape does not depend on the range. (German "words" exist for the range only.)
        """
        # A length is that of the thousands plus that of the rest, so the longest number repeats its longest half.
        numbers = range(1001, LARGEST + 1, 1001)
        if self._units.get("german") == "words":
            numbers = range(self.low, self.high + 1)
        pairs = self._all_pairs(numbers)
        return max(len(pair.source) + len(pair.target) + 1 for pair in pairs)

    @cached_property
    def _units(self) -> dict[Form, Unit]:
        units = {"english": self.english_tokens, "german": self.german_tokens, "digits": "characters"}
        in_use = {form for direction in self.directions for form in direction}
        return {form: unit for form, unit in units.items() if form in in_use}

    @cached_property
    def _spellings(self) -> dict[Form, Spelling]:
        most = MOST_TOKENS - len(SPECIAL_TOKENS) - len(self._goals)
        return spellings(self._units, self.low, self.high, most)

    @cached_property
    def _goals(self) -> dict[Form, str]:
        """The token that names the goal of a pair, for each target; none if there is one direction only."""
        return {target: f"[to {target}]" for _, target in self.directions} if self.direction == "both" else {}

    @cached_property
    def _numbers(self) -> dict[Split, tuple[int, ...]]:
        drawn = {}
        for split, usual in USUAL_EXAMPLES.items():
            numbers = candidates(split, self.low, self.high, self.held_out, self.split_seed)
            dial = f"{split}_examples"
            count = require_examples(dial, getattr(self, dial), usual, len(numbers), f"for {split}")
            drawn[split] = draw(numbers, count, self.sampling)
        return drawn

    @cached_property
    def _pairs(self) -> dict[Split, tuple[Pair, ...]]:
        return {}  # filled by `pairs`

    def _encode(self, form: Form, number: int) -> list[int]:
        return self.vocabulary.encode(self._spellings[form].split(self._spellings[form].write(number)))

    def _all_pairs(self, numbers: Sequence[int]) -> tuple[Pair, ...]:
        directions = [f"{source} to {target}" for source, target in self.directions]
        return tuple(self.pair(number, direction) for number in numbers for direction in directions)

    def _forms(self, direction: Direction | None) -> tuple[Form, Form]:
        names = {f"{source} to {target}": (source, target) for source, target in self.directions}
        if direction is None:
            return self.directions[0]
        if direction not in names:
            raise ValueError(f"This task has no direction {direction!r}; it has {list(names)}.")
        return names[direction]

    def _prefix(self, target: Form) -> tuple[int, ...]:
        return tuple(self.vocabulary.encode([self._goals[target]])) if self._goals else ()
