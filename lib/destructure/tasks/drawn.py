"""Tasks whose examples are drawn at random from a space too large to list, split by content."""

import hashlib
import random
from abc import abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from destructure.tasks.base import SPLITS, Pair, Split, Task, require_split, require_whole

MOST_TOKENS = 100
"""The longest source and the longest target that a drawn task may have, in tokens."""

MOST_MISSES = 20_000
"""So many draws in a row without a new example mean that there are none left."""


@dataclass(frozen=True, kw_only=True)
class DrawnTask(Task):
    """A task that draws its examples: plenty of them, the same ones every time, none in two splits.

    Which split an example belongs to depends on its *content* and on `split_seed` alone, never on other dials: eight
    in ten contents are for training, one for validation, one for the test. A smaller split is the beginning of a
    larger one.

    A subclass sets `vocabulary` and says how to draw an example (`_draw`), what its content is (`_content`: what must
    not be shared by two splits) and how it is written (`_source`, `_target`).

    Args:
        train_examples, validation_examples, test_examples: how many different examples.
        split_seed: a whole number from 0 on; another seed draws other examples and shares contents out differently.
    """

    train_examples: int = 20_000
    validation_examples: int = 1_000
    test_examples: int = 1_000
    split_seed: int = 0

    def __post_init__(self):
        for split in SPLITS:
            require_whole(f"{split}_examples", getattr(self, f"{split}_examples"), 1, 10_000_000)
        require_whole("split_seed", self.split_seed, 0, 2**31)

    @abstractmethod
    def _draw(self, generator: random.Random) -> Any:
        """Draw one example, as plain data that can be hashed."""

    @abstractmethod
    def _content(self, example: Any) -> Hashable:
        """What the example is about: tuples, texts and numbers only, since its text form decides the split."""

    @abstractmethod
    def _source(self, example: Any) -> Sequence[str]:
        """The tokens that the model reads."""

    @abstractmethod
    def _target(self, example: Any) -> Sequence[str]:
        """The tokens that it should write: the one right answer."""

    def examples(self, split: Split) -> tuple:
        """The examples of a split as plain data, always in the same order."""
        return self._examples[require_split(split)]

    def pair(self, example: Any) -> Pair:
        """One example as ids."""
        encode = self.vocabulary.encode
        return Pair(tuple(encode(self._source(example))), tuple(encode(self._target(example))))

    def items(self, split: Split) -> list[Hashable]:
        """The contents of a split; see `check_no_leak`."""
        return [self._content(example) for example in self.examples(split)]

    def source_text(self, example: Any) -> str:
        """What the model reads, tokens with spaces between them."""
        return " ".join(self._source(example))

    def target_text(self, example: Any) -> str:
        """What it should write."""
        return " ".join(self._target(example))

    def encode_source(self, text: str) -> tuple[int, ...]:
        """Tokens with spaces between them, as ids; ValueError if there is none, or one that is not known."""
        if not isinstance(text, str) or not text.strip():
            sample = self.source_text(self.examples("train")[0])
            raise ValueError(f"The text is {text!r}; write tokens with spaces, such as {sample!r}.")
        return tuple(self.vocabulary.encode(text.split()))

    def split_of(self, content: Hashable) -> Split:
        """The split that a content belongs to."""
        text = f"{self.split_seed} {content!r}".encode()
        place = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) % 10
        return {0: "test", 1: "validation"}.get(place, "train")

    def _make_pairs(self, split: Split) -> Iterator[Pair]:
        return map(self.pair, self.examples(split))

    @cached_property
    def _examples(self) -> dict[Split, tuple]:
        wanted = {split: getattr(self, f"{split}_examples") for split in SPLITS}
        found = {split: {} for split in SPLITS}  # dictionaries keep order and know what they have
        generator, misses = random.Random(self.split_seed), 0
        while lacking := [split for split in SPLITS if len(found[split]) < wanted[split]]:
            example = self._draw(generator)
            split = self.split_of(self._content(example))
            if split in lacking and example not in found[split]:
                found[split][example] = None
                misses = 0
            elif (misses := misses + 1) > MOST_MISSES:
                split = lacking[0]
                raise ValueError(
                    f"{split}_examples is {wanted[split]:,}, but with these dials only {len(found[split]):,} "
                    f"different examples for {split} turned up; ask for fewer, or make the examples longer."
                )
        return {split: tuple(each) for split, each in found.items()}


def require_fit(source: int, target: int, advice: str) -> None:
    """Raise ValueError if the longest source or target is above 100 tokens; `advice` says what to turn down."""
    for side, length in (("source", source), ("target", target)):
        if length > MOST_TOKENS:
            raise ValueError(f"The longest {side} has {length} tokens, more than {MOST_TOKENS}; {advice}.")
