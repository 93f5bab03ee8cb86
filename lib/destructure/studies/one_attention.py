"""One softmax in both roles: where a decoder-only number translator looks, in its input and in its own text."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from destructure.config import BEGIN
from destructure.studies.crossing import find_crossing
from destructure.tasks.numbers import NumberTranslation
from destructure.transformer import Transformer


@dataclass(frozen=True)
class BothRoles:
    """What the heads of a model with one joint softmax look at, on average over numbers.

    Attributes:
        crossing: (layers, heads, 2, 2), as from `crossing.crossing_weights`: while writing the units and the tens
            (third axis), the weight on the units word and on the tens word (last axis).
        on_input: (layers, heads, 2): while writing the units and the tens, the weight on all of the input. The rest
            is on `[BOS]` and what is written already, since one softmax shares out 1 in all.
    """

    crossing: np.ndarray
    on_input: np.ndarray


@torch.no_grad()
def both_roles(model: Transformer, task: NumberTranslation, numbers: Iterable[int]) -> BothRoles:
    """Measure both roles of attention, over those numbers in which units and tens cross.

    Args:
        model: a structure without separate cross-attention, such as decoder-only.
        task: English words to German pieces.

    Raises:
        ValueError: if the model has a softmax of its own for the input, or nothing crosses in any of the numbers.
    """
    if model.config.structure.separate_cross_attention:
        raise ValueError(
            f"The structure {model.config.structure} has separate cross-attention, so no softmax has both roles; use "
            "crossing_weights, or a structure without separate_cross_attention."
        )
    crossing, on_input = [], []
    for number in numbers:
        places = find_crossing(task, number)
        if places is None:
            continue
        pair = task.pair(number)
        maps = model.attention_maps(torch.tensor([pair.source]), torch.tensor([(BEGIN, *pair.target)]))
        rows = torch.stack([layer[0] for layer in maps.target])[
            :, :, [places.writes_units, places.writes_tens]
        ]
        crossing.append(rows[..., [places.units_word, places.tens_word]].numpy())
        on_input.append(rows[..., : len(pair.source)].sum(dim=-1).numpy())
    if not crossing:
        raise ValueError("In none of these numbers do units and tens cross; give some such as 23 or 4,571.")
    return BothRoles(np.mean(crossing, axis=0), np.mean(on_input, axis=0))
