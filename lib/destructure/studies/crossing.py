"""Do units and tens cross? Where a number translator looks while it writes "drei-und-zwanzig"."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch

from destructure.config import BEGIN
from destructure.tasks.numbers import NumberTranslation
from destructure.transformer import Transformer


class Crossing(NamedTuple):
    """Places in one number pair, such as "twenty three" → "drei und zwanzig".

    Attributes:
        units_word, tens_word: places in the input.
        writes_units, writes_tens: places in the target *after* which the units and the tens are written.
    """

    units_word: int
    tens_word: int
    writes_units: int
    writes_tens: int


def find_crossing(task: NumberTranslation, number: int) -> Crossing | None:
    """Find the last two digits' words, if German turns them round: from 21 on, no multiples of ten.

    Returns:
        The four places, or None where nothing crosses.
    """
    if number % 100 < 21 or number % 10 == 0:
        return None
    pair = task.pair(number)
    source, target = len(pair.source), len(pair.target)
    # The input ends in tens, units; the target in units, "und", tens. [BOS] moves the target by one.
    return Crossing(source - 1, source - 2, target - 3, target - 1)


@torch.no_grad()
def crossing_weights(model: Transformer, task: NumberTranslation, numbers: Iterable[int]) -> np.ndarray:
    """Mean cross-attention weights of every layer and head, over those numbers in which units and tens cross.

    Args:
        model: a structure with separate cross-attention.
        task: English words to German pieces.

    Returns:
        (layers, heads, 2, 2): while writing the units and the tens (third axis), the weight on the units word and
        on the tens word (last axis). A crossing head has large numbers on the diagonal.

    Raises:
        ValueError: if none of the numbers has a crossing.
    """
    found = []
    for number in numbers:
        places = find_crossing(task, number)
        if places is None:
            continue
        pair = task.pair(number)
        maps = model.attention_maps(torch.tensor([pair.source]), torch.tensor([(BEGIN, *pair.target)]))
        weights = torch.stack([layer[0] for layer in maps.cross])
        rows = weights[:, :, [places.writes_units, places.writes_tens]]
        found.append(rows[..., [places.units_word, places.tens_word]].numpy())
    if not found:
        raise ValueError("In none of these numbers do units and tens cross; give some such as 23 or 4,571.")
    return np.mean(found, axis=0)


def clearest_head(weights: np.ndarray) -> tuple[int, int]:
    """The layer and head in which units and tens cross most clearly.

    Choose on one set of numbers and report on another: the best of twelve heads looks good on its own examples.

    Args:
        weights: from `crossing_weights`.
    """
    layer, head = np.unravel_index((weights[..., 0, 0] * weights[..., 1, 1]).argmax(), weights.shape[:2])
    return int(layer), int(head)
