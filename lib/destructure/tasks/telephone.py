"""Read telephone numbers aloud: digits to German words, one word per digit, so that length is the only difficulty."""

import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from random import Random

from destructure.tasks.base import SPLITS, Pair, Split, Task, Vocabulary, require_split, require_whole

DIGITS = tuple("0123456789")
WORDS = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
LONGEST = 100
MOST_EXAMPLES = 50_000
_SHARES: dict[Split, range] = {"train": range(2, 10), "validation": range(1, 2), "test": range(1)}
_LISTED = 5  # numbers of up to so many digits are listed; longer ones are drawn, for there are enough of them


@dataclass(frozen=True, kw_only=True)
class TelephoneNumbers(Task):
    """Translate a telephone number, digit by digit, to German words.

    Nothing is reordered and no word depends on any other: each digit is one fact, and the only difficulty is how
    many facts must be carried from the input to the answer. The splits share no number: of all numbers of a length
    about one tenth is for the test and one for validation, whatever the other dials are.

    Args:
        shortest, longest: digits of the shortest and the longest numbers, 1 to 100, both included.
        reversed_source: the model reads the digits from the last to the first (Sutskever 2014, section 3.3); what it
            writes stays the same.
        train_examples, validation_examples, test_examples: how many different numbers, at most 50,000. The lengths
            take turns as long as their numbers last, so that the beginning of a split is a fair sample of it, and a
            larger split contains every smaller one.
        split_seed: a whole number from 0 on; another seed shares the numbers out differently.

    Raises:
        ValueError: if a dial is set to something that is not allowed, or there are fewer numbers than asked for.

    Example:
        >>> task = TelephoneNumbers(shortest=3, longest=5)
        >>> task.decode_target(task.encode_target("vier sieben eins eins"))
        'vier sieben eins eins'
        >>> task.vocabulary.decode(task.encode_source("47-11"))
        ['4', '7', '1', '1']
    """

    shortest: int = 4
    longest: int = 12
    reversed_source: bool = False
    train_examples: int = 20_000
    validation_examples: int = 1_000
    test_examples: int = 1_000
    split_seed: int = 0

    vocabulary = Vocabulary([*DIGITS, *WORDS])

    def __post_init__(self):
        require_whole("shortest", self.shortest, 1, LONGEST)
        require_whole("longest", self.longest, 1, LONGEST)
        if self.shortest > self.longest:
            raise ValueError(
                f"shortest is {self.shortest} and longest {self.longest}; give the smaller number of digits as "
                "shortest."
            )
        require_whole("split_seed", self.split_seed, 0)
        for split in SPLITS:
            require_whole(f"{split}_examples", getattr(self, f"{split}_examples"), 1, MOST_EXAMPLES)
        _ = self._numbers  # made now, so that a setting which cannot work is refused at once

    def numbers(self, split: Split) -> tuple[str, ...]:
        """The numbers of a split as strings of digits, in the order in which they are written."""
        return self._numbers[require_split(split)]

    def items(self, split: Split) -> tuple[str, ...]:
        """The numbers as they are written, whichever way round the model reads them."""
        return self.numbers(split)

    def pair(self, number: str) -> Pair:
        """A number of any length, with or without spaces and hyphens, as source and target ids."""
        digits = _digits(number)
        words = [WORDS[int(digit)] for digit in digits]
        return Pair(self.encode_source(digits), tuple(self.vocabulary.encode(words)))

    def source_text(self, number: int | str) -> str:
        """The digits as they are typed: what `encode_source` takes."""
        return str(number)

    def target_text(self, number: int | str) -> str:
        """The words as the model should write them: what `decode_target` gives."""
        return self.decode_target(self.pair(str(number)).target)

    def encode_source(self, text: str) -> tuple[int, ...]:
        """Digits, spaces and hyphens as ids in the order in which the model reads them; ValueError otherwise."""
        digits = _digits(text)
        return tuple(self.vocabulary.encode(digits[::-1] if self.reversed_source else digits))

    def encode_target(self, text: str) -> tuple[int, ...]:
        """German digit words with spaces between them, as ids; ValueError names the first word that is none."""
        words = text.lower().split() if isinstance(text, str) else []
        unknown = [word for word in words if word not in WORDS]
        if unknown or not words:
            raise ValueError(f"{(unknown or [text])[0]!r} is not a German digit; use {', '.join(WORDS)}.")
        return tuple(self.vocabulary.encode(words))

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        return map(self.pair, self.numbers(split))

    @cached_property
    def _numbers(self) -> dict[Split, tuple[str, ...]]:
        return {split: self._drawn(split) for split in SPLITS}

    def _drawn(self, split: Split) -> tuple[str, ...]:
        wanted = getattr(self, f"{split}_examples")
        queues = deque(self._of_length(split, length) for length in range(self.shortest, self.longest + 1))
        drawn: list[str] = []
        while queues and len(drawn) < wanted:
            queue = queues.popleft()
            if (number := next(queue, None)) is not None:
                drawn.append(number)
                queues.append(queue)
        if len(drawn) < wanted:
            raise ValueError(
                f"{split}_examples is {wanted:,}, but only {len(drawn):,} numbers of {self.shortest} to "
                f"{self.longest} digits are for {split}; ask for fewer, or allow longer numbers."
            )
        return tuple(drawn)

    def _of_length(self, split: Split, length: int) -> Iterator[str]:
        """Different numbers of one length and split, in random order; without end if they are long."""
        random = Random(f"{self.split_seed} {split} {length}")
        if length <= _LISTED:
            values = list(range(10**length))
            random.shuffle(values)
        else:
            values = (random.randrange(10**length) for _ in count())
        seen: set[int] = set()
        for value in values:
            number = f"{value:0{length}d}"
            if value not in seen and self._is_in(split, number):
                seen.add(value)
                yield number

    def _is_in(self, split: Split, number: str) -> bool:
        return zlib.crc32(f"{self.split_seed} {number}".encode()) % 10 in _SHARES[split]


def _digits(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "") if isinstance(text, str) else ""
    if not (digits.isascii() and digits.isdigit()) or len(digits) > LONGEST:
        raise ValueError(
            f"{text!r} is not a telephone number; use 1 to {LONGEST} digits, with or without spaces and hyphens."
        )
    return digits
