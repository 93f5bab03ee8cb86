"""Which numbers are for training, which for validation and which for testing.

The share-out depends on the number and on `split_seed` alone, not on the range, the held-out ranges, the sizes or
the direction. So a test number of one task is a training number of none with the same seed: models trained on
different dials can be compared on each other's tests without a leak.
"""

from collections.abc import Sequence
from functools import lru_cache
from operator import index

import numpy as np

from destructure.tasks.base import SPLITS, require_whole
from destructure.tasks.number_words import LARGEST

LENGTHS = range(1, len(str(LARGEST)) + 1)


@lru_cache(maxsize=8)
def share_out(split_seed: int) -> dict[str, np.ndarray]:
    """The numbers of each split, and "all" of them, in random order.

    Of every ten numbers of the same length one goes to the test, one to validation and eight to training. 0 is
    always for training: "zero" is part of no other number, so a model that never saw it could not know it.
    """
    # The raw stream of a bit generator never changes between NumPy versions; a Generator's permutation may.
    noise = np.random.PCG64(split_seed).random_raw(LARGEST + 1)
    # Noise in the high bits, the number in the low twenty: sorting shuffles, and no two keys are ever equal.
    keys = (noise << np.uint64(20)) | np.arange(LARGEST + 1, dtype=np.uint64)
    order = (np.sort(keys) & np.uint64(2**20 - 1)).astype(np.int32)
    kept_for = np.full(len(order), SPLITS.index("train"), dtype=np.int8)
    for length in LENGTHS:
        places = np.flatnonzero(_has_length(order, length) & (order > 0))
        kept_for[places[0::10]] = SPLITS.index("test")
        kept_for[places[1::10]] = SPLITS.index("validation")
    return {"all": order} | {split: order[kept_for == SPLITS.index(split)] for split in SPLITS}


def between(numbers: np.ndarray, ranges: Sequence[tuple[int, int]]) -> np.ndarray:
    """Say of each number whether it lies in one of the ranges (both ends included)."""
    inside = np.zeros(len(numbers), dtype=bool)
    for low, high in ranges:
        inside |= (numbers >= low) & (numbers <= high)
    return inside


def draw(numbers: np.ndarray, count: int) -> tuple[int, ...]:
    """Take at most `count` of the numbers; a larger draw contains every smaller one.

    The numbers of one, two, ... six digits take turns as long as they last; each length is then spread evenly, so
    that the beginning of a split is a fair sample of it.
    """
    queues = [numbers[_has_length(numbers, length)][:count] for length in LENGTHS]
    turns = np.concatenate([np.arange(len(queue)) for queue in queues])
    owners = np.repeat(np.arange(len(queues)), [len(queue) for queue in queues])
    shares = np.bincount(owners[np.argsort(turns, kind="stable")[:count]], minlength=len(queues))
    taken = np.concatenate([queue[:share] for queue, share in zip(queues, shares, strict=True)])
    places = np.concatenate([(np.arange(share) + 0.5) / share for share in shares])
    return tuple(taken[np.argsort(places, kind="stable")].tolist())


def _has_length(numbers: np.ndarray, length: int) -> np.ndarray:
    lowest = 0 if length == 1 else 10 ** (length - 1)
    return (numbers >= lowest) & (numbers < 10**length)


def require_sub_ranges(ranges: Sequence[tuple[int, int]], highest: int) -> tuple[tuple[int, int], ...]:
    """Return held-out ranges (both ends included) as tuples, if each lies from 0 to the bound; else ValueError."""
    try:
        pairs = tuple((index(low), index(high)) for low, high in ranges)
    except (TypeError, ValueError):
        raise ValueError(
            f"held_out is {ranges!r}; give a list of ranges (low, high) of whole numbers, such as [(5000, 5999)]."
        ) from None
    for low, high in pairs:
        if not 0 <= low <= high <= highest:
            raise ValueError(
                f"held_out has the range {low:,} to {high:,}; give the smaller number first and stay within "
                f"0 to {highest:,}."
            )
    return pairs


def require_examples(dial: str, examples: int | None, usual: int, available: int, purpose: str) -> int:
    """Return how many numbers to draw: as asked, or if None the usual number or all there are; else ValueError."""
    if not available:
        raise ValueError(f"The range has no number {purpose}; widen the range or hold out less.")
    if examples is None:
        return min(usual, available)
    if isinstance(examples, int) and examples > available:
        raise ValueError(
            f"{dial} is {examples:,}, but the range has {available:,} numbers {purpose}; "
            "ask for at most as many, or widen the range."
        )
    return require_whole(dial, examples, 1, available)
