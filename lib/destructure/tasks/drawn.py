"""Tasks whose examples are drawn at random from a space too large to list, split by content."""

import hashlib
import random
from abc import abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from destructure.tasks.base import SPLITS, Pair, Split, Task, require_split

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

    A subclass sets `name` and `vocabulary` and says how to draw an example (`_draw`), what its content is
    (`_content`: what must not be shared by two splits) and how it is written (`_source`, `_target`).

    Args:
        train_examples, validation_examples, test_examples: how many different examples.
        split_seed: a whole number from 0 on; another seed draws other examples and shares contents out differently.
    """

    train_examples: int = 20_000
    validation_examples: int = 1_000
    test_examples: int = 1_000
    split_seed: int = 0

    def __post_init__(self):
        for dial in ("train_examples", "validation_examples", "test_examples"):
            require_whole(dial, getattr(self, dial), 1, 10_000_000)
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

    def pairs(self, split: Split) -> tuple[Pair, ...]:
        """The pairs of a split, in the order of `examples`."""
        require_split(split)
        if split not in self._pairs:
            self._pairs[split] = tuple(self.pair(example) for example in self.examples(split))
        return self._pairs[split]

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
        """Tokens with spaces between them, as ids.

        Raises:
            ValueError: if the text is empty or has a token that is not in the vocabulary.
        """
        if not isinstance(text, str) or not text.strip():
            raise ValueError(
                f"The text is {text!r}; write tokens with spaces, such as {self._sample_text!r}."
            )
        return tuple(self.vocabulary.encode(text.split()))

    def encode_target(self, text: str) -> tuple[int, ...]:
        """The same as `encode_source`: source and target share one vocabulary."""
        return self.encode_source(text)

    def decode_target(self, ids: Sequence[int]) -> str:
        """Ids that a model wrote, as text; stops at `[EOS]` and ignores padding."""
        return " ".join(self.vocabulary.decode_written(ids))

    def split_of(self, content: Hashable) -> Split:
        """The split that a content belongs to."""
        text = f"{self.split_seed} {content!r}".encode()
        place = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) % 10
        return {0: "test", 1: "validation"}.get(place, "train")

    @property
    def _sample_text(self) -> str:
        return self.source_text(self.examples("train")[0])

    @cached_property
    def _examples(self) -> dict[Split, tuple]:
        wanted = {split: getattr(self, f"{split}_examples") for split in SPLITS}
        found = {split: {} for split in SPLITS}  # dictionaries keep order and know what they have
        generator = random.Random(self.split_seed)
        misses = 0
        while any(len(found[split]) < wanted[split] for split in SPLITS):
            example = self._draw(generator)
            split = self.split_of(self._content(example))
            if len(found[split]) < wanted[split] and example not in found[split]:
                found[split][example] = None
                misses = 0
            else:
                misses += 1
            if misses > MOST_MISSES:
                self._refuse(found, wanted)
        return {split: tuple(each) for split, each in found.items()}

    def _refuse(self, found: dict, wanted: dict) -> None:
        split = next(split for split in SPLITS if len(found[split]) < wanted[split])
        raise ValueError(
            f"{split}_examples is {wanted[split]:,}, but with these dials only {len(found[split]):,} different "
            f"examples for {split} turned up; ask for fewer, or make the examples longer."
        )

    @cached_property
    def _pairs(self) -> dict[Split, tuple[Pair, ...]]:
        return {}  # filled by `pairs`


def require_whole(dial: str, value: int, lowest: int, highest: int) -> int:
    """Return a whole number unchanged if it lies between `lowest` and `highest`, else raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise ValueError(f"{dial} is {value!r}; give a whole number from {lowest:,} to {highest:,}.")
    return value


def require_fit(source: int, target: int, advice: str) -> None:
    """Raise ValueError if the longest source or target is above 100 tokens; `advice` says what to turn down."""
    for side, length in (("source", source), ("target", target)):
        if length > MOST_TOKENS:
            raise ValueError(
                f"The longest {side} would have {length} tokens, more than {MOST_TOKENS}; {advice}."
            )
