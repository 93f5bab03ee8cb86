"""Building blocks of plans: grids of runs, and widths that match a number of parameters."""

from dataclasses import replace
from itertools import product
from typing import Any

from destructure import cost
from destructure.config import TransformerConfig
from destructure.structure import Structure
from destructure.study.configuration import RunConfiguration


def grid(base: RunConfiguration, **choices: Any) -> list[RunConfiguration]:
    """Every combination of some fields' values; the last field varies fastest.

    Example:
        >>> grid(base, seed=range(200, 208), structure=Structure.ladder())     # doctest: +SKIP
    """
    return [
        replace(base, **dict(zip(choices, values, strict=True)))
        for values in product(*(tuple(values) for values in choices.values()))
    ]


def matching_width(structure: Structure, layers: int, parameters: int, heads: int = 1, **model: Any) -> int:
    """The width whose model has the number of non-embedding parameters nearest to the one given.

    For arms with equal parameters: a structure that shares its stacks is widened until it has as many parameters as
    the encoder-decoder, or a model with twice the layers is narrowed until it has as many as before.

    It is a multiple of the number of heads, and of twice that for rotary positions; `model` is further fields of
    `TransformerConfig`.

    Raises:
        ValueError: if even the smallest width has more than twice the parameters.
    """
    step = 2 * heads if model.get("positions") == "rotary" else heads

    def distance(width: int) -> int:
        sizes = {"width": width, "layers": layers, "heads": heads}
        config = TransformerConfig(vocabulary=1, structure=structure, **sizes, **model)
        return cost.non_embedding_parameters(config) - parameters

    width = step
    while distance(width) < 0:
        width += step
    nearest = min((width, max(step, width - step)), key=lambda each: abs(distance(each)))
    if distance(nearest) > parameters:
        raise ValueError(
            f"Even width {nearest} has more than twice the {parameters:,} parameters asked for; use fewer layers."
        )
    return nearest
