"""What a model learns: pairs of token sequences, split so that nothing tested was trained on."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

PADDING, BEGIN, END = 0, 1, 2
SPECIAL_TOKENS = ("[PAD]", "[BOS]", "[EOS]")

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class Vocabulary:
    """A fixed list of token texts; a token's id is its place in the list.

    The first three ids are the same everywhere: 0 `[PAD]`, 1 `[BOS]` (begin), 2 `[EOS]` (end).

    Args:
        tokens: the ordinary tokens, without the three special ones, each once.
    """

    def __init__(self, tokens: Sequence[str]):
        self.tokens = (*SPECIAL_TOKENS, *tokens)
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        if len(self._ids) != len(self.tokens):
            repeated = sorted({token for token in self.tokens if self.tokens.count(token) > 1})
            raise ValueError(f"The vocabulary lists {repeated} more than once; each token may stand once.")

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """Token texts to ids.

        Raises:
            ValueError: if a token is not in the vocabulary.
        """
        unknown = [token for token in tokens if token not in self._ids]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of the {len(self)} tokens of this vocabulary.")
        return [self._ids[token] for token in tokens]

    def decode(self, ids: Sequence[int]) -> list[str]:
        """Ids to token texts, special tokens included."""
        return [self.tokens[index] for index in ids]


@dataclass(frozen=True)
class Pair:
    """One example as ids: what the model reads and what it should write, without `[BOS]` and `[EOS]`."""

    source: tuple[int, ...]
    target: tuple[int, ...]


class Task(ABC):
    """A supervised sequence-to-sequence task.

    A new task is one file with one subclass: it sets `name` and `vocabulary`, and says how to draw the pairs
    of a split and how to turn text into ids and back.
    """

    name: str
    vocabulary: Vocabulary

    @abstractmethod
    def pairs(self, split: Split) -> Sequence[Pair]:
        """All pairs of one split, always in the same order."""

    @abstractmethod
    def encode_source(self, text: str) -> tuple[int, ...]:
        """What the model reads, as ids. Raises ValueError with one clear sentence on text it cannot spell."""

    @abstractmethod
    def encode_target(self, text: str) -> tuple[int, ...]:
        """What the model should write, as ids, without `[BOS]` and `[EOS]`."""

    @abstractmethod
    def decode_target(self, ids: Sequence[int]) -> str:
        """Ids the model wrote, as text; stops at `[EOS]` and ignores padding."""

    @property
    def max_length(self) -> int:
        """Positions needed for the longest input, its target and the `[BOS]` between them."""
        return max(len(pair.source) + len(pair.target) + 1 for split in SPLITS for pair in self.pairs(split))
