"""What a model learns: pairs of token sequences, split so that nothing tested was trained on."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from destructure.config import END, PADDING, SPECIAL_TOKENS

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class Vocabulary:
    """A fixed list of token texts; a token's id is its place in the list.

    The first three ids are the same everywhere: 0 `[PAD]`, 1 `[BOS]` (begin), 2 `[EOS]` (end).

    Args:
        tokens: the ordinary tokens, without the three special ones, each once.
    """

    def __init__(self, tokens: Iterable[str]):
        self.tokens = (*SPECIAL_TOKENS, *tokens)
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        if len(self._ids) != len(self.tokens):
            repeated = sorted({token for token in self.tokens if self.tokens.count(token) > 1})
            raise ValueError(f"The vocabulary lists {repeated} more than once; each token may stand once.")

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Token texts to ids; ValueError if one is not in the vocabulary."""
        try:
            return [self._ids[token] for token in tokens]
        except KeyError as unknown:
            raise ValueError(
                f"{unknown.args[0]!r} is not one of the {len(self)} tokens of this vocabulary."
            ) from None

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Ids to token texts, special tokens included; ValueError if an id is not one of this vocabulary's."""
        ids = list(ids)
        for index in ids:
            if not 0 <= index < len(self):
                raise ValueError(f"Id {int(index)} is not in this vocabulary; ids are 0 to {len(self) - 1}.")
        return [self.tokens[index] for index in ids]

    def decode_written(self, ids: Sequence[int]) -> list[str]:
        """Token texts of what a model wrote: up to the first `[EOS]`, without padding."""
        ids = list(ids)
        written = ids[: ids.index(END)] if END in ids else ids
        return self.decode(index for index in written if index != PADDING)


@dataclass(frozen=True)
class Pair:
    """One example as ids: what the model reads and what it should write, without `[BOS]` and `[EOS]`."""

    source: tuple[int, ...]
    target: tuple[int, ...]


class Task(ABC):
    """A supervised sequence-to-sequence task: a subclass sets `vocabulary` and writes two methods, or more.

    It must say how the pairs of a split are made (`_make_pairs`) and how text becomes ids (`encode_source`). Source
    and target are taken to be written alike, tokens with `joint` between them, unless it says otherwise.
    """

    vocabulary: Vocabulary
    joint = " "
    is_text = False
    """Whether it is real text with a source: then a run also says what it needs for bits per character, and the loss
    with the source of another example."""

    @abstractmethod
    def _make_pairs(self, split: Split) -> Iterable[Pair]:
        """All pairs of one split, always in the same order."""

    @abstractmethod
    def encode_source(self, text: str) -> tuple[int, ...]:
        """What the model reads, as ids. Raises ValueError with one clear sentence on text it cannot spell."""

    def encode_target(self, text: str) -> tuple[int, ...]:
        """What the model should write, as ids, without `[BOS]` and `[EOS]`; ValueError as `encode_source`."""
        return self.encode_source(text)

    def decode_target(self, ids: Sequence[int]) -> str:
        """Ids the model wrote, as text; stops at `[EOS]` and ignores padding."""
        return self.joint.join(self.vocabulary.decode_written(ids))

    def pairs(self, split: Split) -> tuple[Pair, ...]:
        """All pairs of one split, always in the same order; made once. ValueError if there is no such split."""
        made = self.__dict__.setdefault("_pairs", {})  # also where the task is a frozen dataclass
        if require_split(split) not in made:
            made[split] = tuple(self._make_pairs(split))
        return made[split]

    def items(self, split: Split) -> Sequence[Hashable]:
        """What the examples of a split are about; no two splits may share one (see `check_no_leak`).

        The sources, unless a task says otherwise: two different sources may be about the same thing.
        """
        return [pair.source for pair in self.pairs(split)]

    @property
    def max_length(self) -> int:
        """Positions needed for the longest input, its target and the `[BOS]` between them."""
        return max(len(pair.source) + len(pair.target) + 1 for split in SPLITS for pair in self.pairs(split))


def require_choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return a value unchanged if it is one of those allowed; ValueError names them."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; use one of {list(allowed)}.")
    return value


def require_whole(name: str, value: int, lowest: int, highest: int | None = None) -> int:
    """Return a whole number unchanged if it lies between the bounds, both included; else ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= (highest or value):
        return value
    bounds = f"from {lowest:,} on" if highest is None else f"from {lowest:,} to {highest:,}"
    raise ValueError(f"{name} is {value!r}; give a whole number {bounds}.")


def require_split(split: str) -> Split:
    """Return the split unchanged if there is one of that name; else ValueError."""
    return require_choice("The split", split, SPLITS)


def check_no_leak(task: Task) -> None:
    """Make sure that no two splits of a task share an item or a source.

    Raises:
        ValueError: naming the first item or source that stands in two splits.
    """
    for earlier, later in combinations(SPLITS, 2):
        if (shared := _first_shared(task.items(earlier), task.items(later))) is not None:
            raise ValueError(f"{shared!r} stands in both {earlier} and {later}; an item may be in one split.")
        # A language model reads nothing, so there the items alone can tell.
        sources = ([pair.source for pair in task.pairs(split) if pair.source] for split in (earlier, later))
        if (shared := _first_shared(*sources)) is not None:
            text = " ".join(task.vocabulary.decode(shared))
            raise ValueError(
                f"The source {text!r} stands in both {earlier} and {later}; every source may be in one split only."
            )


def _first_shared(earlier: Sequence[Hashable], later: Sequence[Hashable]) -> Hashable | None:
    known = set(earlier)
    return next((item for item in later if item in known), None)
