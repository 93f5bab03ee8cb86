"""Copying from the input: long inputs with short answers, and short inputs with long answers."""

import random
from dataclasses import dataclass
from typing import NamedTuple

from destructure.tasks.base import Vocabulary, require_whole
from destructure.tasks.drawn import DrawnTask

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
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

    vocabulary = Vocabulary((*LETTERS, MARK))

    def __post_init__(self):
        super().__post_init__()
        require_whole("read", self.read, 1, 99)
        require_whole("write", self.write, 1, 100)

    def _draw(self, generator: random.Random) -> CopyExample:
        letters = "".join(generator.choice(LETTERS) for _ in range(self.read))
        return CopyExample(letters, generator.randrange(self.read))

    def _content(self, example: CopyExample) -> str:
        letters = example.letters
        return min(letters[place:] + letters[:place] for place in range(len(letters)))

    def _source(self, example: CopyExample) -> tuple[str, ...]:
        return (*example.letters[: example.mark], MARK, *example.letters[example.mark :])

    def _target(self, example: CopyExample) -> tuple[str, ...]:
        letters, mark = example
        return tuple(letters[(mark + place) % len(letters)] for place in range(self.write))
