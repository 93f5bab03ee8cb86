"""The course's main task: translate numbers between English words, German words and digits."""

from collections.abc import Iterable, Iterator, Sequence
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
    require_whole,
)
from destructure.tasks.number_forms import Form, Spelling, Unit, recognise, write
from destructure.tasks.number_split import (
    Sampling,
    between,
    draw,
    require_examples,
    require_sub_ranges,
    share_out,
)
from destructure.tasks.number_words import LARGEST, require_number

# fmt: off
Direction = Literal[
    "english to german", "german to english", "digits to english", "digits to german", "english to digits",
    "german to digits", "both",
]
# fmt: on
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
        for dial, allowed in (
            ("direction", Direction),
            ("english_tokens", Unit),
            ("german_tokens", Unit),
            ("sampling", Sampling),
        ):
            require_choice(dial, getattr(self, dial), get_args(allowed))
        low, high = require_number(self.low, "low"), require_number(self.high, "high")
        if low > high:
            raise ValueError(f"low is {low:,} and high is {high:,}; give the smaller number as low.")
        held_out = require_sub_ranges(self.held_out, low, high)
        for dial, value in (("low", low), ("high", high), ("held_out", held_out)):
            object.__setattr__(self, dial, value)
        require_whole("split_seed", self.split_seed, 0)
        _ = self._spellings, self._numbers  # made now, so that a setting which cannot work is refused at once

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
        return Vocabulary(dict.fromkeys((*tokens, *self._goals.values())))

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
        numbers = share_out(self.split_seed)["all"]
        numbers = numbers[between(numbers, self.held_out)]
        count = require_examples("examples", examples, 1_000, len(numbers), "held out")
        return draw(numbers, count, self.sampling)

    def items(self, split: Split) -> tuple[int, ...]:
        """The numbers: a number trained on in one direction may not be tested in the other."""
        return self.numbers(split)

    def pair(self, number: int, direction: Direction | None = None) -> Pair:
        """A number, 0 to 999,999, as source and target ids; it may lie outside the task's own range.

        `direction` is needed for the second direction of "both" only.
        """
        source, target = self._forms(direction)
        written = (self._spellings[form].split(write(number, form)) for form in (source, target))
        read, wanted = map(self.vocabulary.encode, written)
        return Pair((*self._goal(target), *read), tuple(wanted))

    def held_out_pairs(self, examples: int | None = None) -> tuple[Pair, ...]:
        """The pairs of `held_out_numbers(examples)`."""
        return tuple(self._pairs_of(self.held_out_numbers(examples)))

    def source_text(self, number: int, direction: Direction | None = None) -> str:
        """The number as the model reads it: what `encode_source` takes."""
        return write(number, self._forms(direction)[0])

    def target_text(self, number: int, direction: Direction | None = None) -> str:
        """The number as the model should write it: what `decode_target` gives."""
        return write(number, self._forms(direction)[1])

    def encode_source(self, text: str) -> tuple[int, ...]:
        """A written number as ids; case, surplus spaces, commas and "and" are forgiven.

        With direction "both" the language is recognised and the token that names the goal put before it.

        Raises:
            ValueError: naming the word that cannot be read.
        """
        form = recognise(text, [source for source, _ in self.directions])
        return (
            *self._goal(dict(self.directions)[form]),
            *self.vocabulary.encode(self._spellings[form].read(text)),
        )

    def encode_target(self, text: str) -> tuple[int, ...]:
        """A written number as the ids that the model should write. Raises ValueError as `encode_source` does."""
        form = recognise(text, [target for _, target in self.directions])
        return tuple(self.vocabulary.encode(self._spellings[form].read(text)))

    def decode_target(self, ids: Sequence[int]) -> str:
        """Ids that a model wrote, as text; with direction "both" the first token tells the language."""
        tokens = self.vocabulary.decode_written(ids)
        possible = [self._spellings[target] for _, target in self.directions]
        fitting = (spelling for spelling in possible if tokens and tokens[0] in spelling.tokens)
        return next(fitting, possible[0]).join(tokens)

    @cached_property
    def max_length(self) -> int:
        """Positions needed for the longest input, its target and the `[BOS]` between them.

        Counted over all numbers to 999,999, not only the task's range: a number outside can then be tried, and
        the model's shape does not depend on the range. (German "words" exist for the range only.)
        """
        # A length is that of the thousands plus that of the rest, so the longest number repeats its longest half.
        whole_words = "german" in self._spellings and self.german_tokens == "words"
        numbers = range(self.low, self.high + 1) if whole_words else range(1001, LARGEST + 1, 1001)
        return max(len(pair.source) + len(pair.target) + 1 for pair in self._pairs_of(numbers))

    @cached_property
    def _spellings(self) -> dict[Form, Spelling]:
        units = {"english": self.english_tokens, "german": self.german_tokens, "digits": "characters"}
        in_use = {form: unit for form, unit in units.items() if any(form in both for both in self.directions)}
        if in_use.get("german") == "words":
            others = sum(
                len(Spelling(form, unit).tokens) for form, unit in in_use.items() if form != "german"
            )
            room = MOST_TOKENS - len(SPECIAL_TOKENS) - len(self._goals) - others
            if (count := self.high - self.low + 1) > room:
                raise ValueError(
                    f"german_tokens='words' needs one token for each of the {count:,} numbers, but the vocabulary "
                    f"has room for {room}; use 'pieces' or 'characters', or a range of at most {room} numbers."
                )
        return {form: Spelling(form, unit, self.low, self.high) for form, unit in in_use.items()}

    @cached_property
    def _goals(self) -> dict[Form, str]:
        """The token that names the goal of a pair, for each target; none if there is one direction only."""
        return {target: f"[to {target}]" for _, target in self.directions} if self.direction == "both" else {}

    @cached_property
    def _numbers(self) -> dict[Split, tuple[int, ...]]:
        drawn = {}
        for split, usual in USUAL_EXAMPLES.items():
            numbers = share_out(self.split_seed)[split]
            numbers = numbers[between(numbers, [(self.low, self.high)]) & ~between(numbers, self.held_out)]
            dial = f"{split}_examples"
            count = require_examples(dial, getattr(self, dial), usual, len(numbers), f"for {split}")
            drawn[split] = draw(numbers, count, self.sampling)
        return drawn

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        """One pair for each number of the split; two with direction "both"."""
        return self._pairs_of(self.numbers(split))

    def _pairs_of(self, numbers: Iterable[int]) -> Iterator[Pair]:
        directions = [" to ".join(forms) for forms in self.directions]
        return (self.pair(number, direction) for number in numbers for direction in directions)

    def _forms(self, direction: Direction | None) -> tuple[Form, Form]:
        names = {" to ".join(forms): forms for forms in self.directions}
        if direction is not None and direction not in names:
            raise ValueError(f"This task has no direction {direction!r}; it has {list(names)}.")
        return self.directions[0] if direction is None else names[direction]

    def _goal(self, target: Form) -> list[int]:
        return self.vocabulary.encode([self._goals[target]]) if self._goals else []
