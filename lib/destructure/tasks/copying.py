"""Copying from the input: long inputs with short answers, and short inputs with long answers."""

import random
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from destructure.tasks.base import Vocabulary
from destructure.tasks.drawn import DrawnTask, require_fit, require_whole

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
DIGITS = tuple("0123456789")
MARK = "here"


class CopyExample(NamedTuple):
    """Letters in a ring, and the place of the mark before one of them."""

    letters: str
    mark: int


@dataclass(frozen=True, kw_only=True)
class Copying(DrawnTask):
    """Copy letters, beginning at a mark and going round to the beginning at the end.

    Two dials make long inputs with short answers and the reverse: with `read` far above `write` a short piece must be
    found in a long text; with `write` far above `read` a short text is read over and over. Splits share no letters,
    whatever letter they begin with.

    Args:
        read: letters of the source, 1 to 99; the mark is one token more.
        write: letters of the target, 1 to 100.
        letters: how many different ones there are, 2 to 26.
        train_examples, validation_examples, test_examples, split_seed: see `DrawnTask`.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> task = Copying(read=4, write=6, train_examples=10, validation_examples=1, test_examples=1)
        >>> example = CopyExample("kiwi", 2)
        >>> task.source_text(example), task.target_text(example)
        ('k i here w i', 'w i k i w i')
    """

    read: int = 12
    write: int = 12
    letters: int = 26

    def __post_init__(self):
        super().__post_init__()
        require_whole("read", self.read, 1, 99)
        require_whole("write", self.write, 1, 100)
        require_whole("letters", self.letters, 2, len(LETTERS))

    @property
    def name(self) -> str:
        """What is done, for titles and tables."""
        return f"copying, {self.read} read, {self.write} written"

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All tokens; the same whatever the dials."""
        return Vocabulary((*LETTERS, MARK))

    def _draw(self, generator: random.Random) -> CopyExample:
        letters = "".join(generator.choice(LETTERS[: self.letters]) for _ in range(self.read))
        return CopyExample(letters, generator.randrange(self.read))

    def _content(self, example: CopyExample) -> str:
        letters = example.letters
        return min(letters[place:] + letters[:place] for place in range(len(letters)))

    def _source(self, example: CopyExample) -> tuple[str, ...]:
        return (*example.letters[: example.mark], MARK, *example.letters[example.mark :])

    def _target(self, example: CopyExample) -> tuple[str, ...]:
        letters, mark = example
        return tuple(letters[(mark + place) % len(letters)] for place in range(self.write))


class RecallExample(NamedTuple):
    """Keys with their values, and the keys that are asked for."""

    entries: tuple[tuple[str, str], ...]
    asked: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class KeyValueRecall(DrawnTask):
    """Look up: read keys with their values, then write the values of the keys that are asked for.

    Every key is a letter and stands once; a value is one digit or more. Many entries and one question make a long
    input with a short answer; few entries with long values and many questions make the reverse. Recall over many
    entries is what a state of fixed size cannot do (Arora et al. 2023, arXiv 2312.04927). Splits share no set of
    entries, in whatever order it is listed.

    Args:
        entries: 1 to 26.
        questions: keys asked for, 1 to 50; different keys as long as there are enough.
        value_digits: digits of a value, 1 to 8.
        train_examples, validation_examples, test_examples, split_seed: see `DrawnTask`.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> task = KeyValueRecall(entries=2, value_digits=2, train_examples=10)
        >>> example = RecallExample((("k", "41"), ("c", "07")), ("c",))
        >>> task.source_text(example), task.target_text(example)
        ('k 4 1 c 0 7 here c', '0 7')
    """

    entries: int = 8
    questions: int = 1
    value_digits: int = 1

    def __post_init__(self):
        super().__post_init__()
        require_whole("entries", self.entries, 1, len(LETTERS))
        require_whole("questions", self.questions, 1, 50)
        require_whole("value_digits", self.value_digits, 1, 8)
        source = self.entries * (1 + self.value_digits) + 1 + self.questions
        require_fit(
            source, self.questions * self.value_digits, "use fewer entries, questions or value digits"
        )

    @property
    def name(self) -> str:
        """What is done, for titles and tables."""
        return f"recall, {self.entries} entries, {self.questions} asked"

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All tokens; the same whatever the dials."""
        return Vocabulary((*LETTERS, *DIGITS, MARK))

    def _draw(self, generator: random.Random) -> RecallExample:
        keys = generator.sample(LETTERS, self.entries)
        values = ["".join(generator.choice(DIGITS) for _ in range(self.value_digits)) for _ in keys]
        asked = []
        while len(asked) < self.questions:
            asked += generator.sample(keys, min(self.entries, self.questions - len(asked)))
        return RecallExample(tuple(zip(keys, values, strict=True)), tuple(asked))

    def _content(self, example: RecallExample) -> tuple:
        return tuple(sorted(example.entries))

    def _source(self, example: RecallExample) -> tuple[str, ...]:
        entries = (token for key, value in example.entries for token in (key, *value))
        return (*entries, MARK, *example.asked)

    def _target(self, example: RecallExample) -> tuple[str, ...]:
        values = dict(example.entries)
        return tuple(digit for key in example.asked for digit in values[key])
