"""The registered plans: what `python -m destructure sweep NAME` runs.

A plan is a function that returns a `Plan`; `@register` gives it its name. The plan's questions, predictions and what
would contradict them stand in data/results/README.md, dated before its reporting runs.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

from destructure import cost
from destructure.config import TransformerConfig
from destructure.experiment.sweep.configuration import RunConfiguration
from destructure.experiment.sweep.plan import Plan
from destructure.structure import Structure

_BUILDERS: dict[str, Callable[[], list[RunConfiguration]]] = {}


def register(builder: Callable[[], list[RunConfiguration]]) -> Callable[[], list[RunConfiguration]]:
    """Make a function that lists runs known as a plan, under the function's name.

    Raises:
        ValueError: if there is a plan of that name already.
    """
    if builder.__name__ in _BUILDERS:
        raise ValueError(f"There is already a plan named {builder.__name__!r}; choose another name.")
    _BUILDERS[builder.__name__] = builder
    return builder


def plan_names() -> tuple[str, ...]:
    """Names of all registered plans."""
    return tuple(_BUILDERS)


def make_plan(name: str) -> Plan:
    """The registered plan of that name.

    Raises:
        ValueError: if there is none; the message lists the names.
    """
    if name not in _BUILDERS:
        raise ValueError(f"There is no plan named {name!r}; the plans are {', '.join(plan_names())}.")
    return Plan(name, tuple(_BUILDERS[name]()))


# --- building blocks of plans --------------------------------------------------------------------------------


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

    Args:
        structure, layers: of the arm.
        parameters: non-embedding parameters to reach, such as `cost.non_embedding_parameters(config)`.
        heads: the width is a multiple of it; of twice it for rotary positions.
        model: further fields of `TransformerConfig`.

    Raises:
        ValueError: if even the smallest width has more than twice the parameters.
    """
    step = 2 * heads if model.get("positions") == "rotary" else heads

    def distance(width: int) -> int:
        config = TransformerConfig(
            vocabulary=1, width=width, layers=layers, heads=heads, structure=structure, **model
        )
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


# --- plans ---------------------------------------------------------------------------------------------------


@register
def example() -> list[RunConfiguration]:
    """A pilot of a few minutes that shows how plans are written: the ladder on small numbers, two seeds.

    Its last two arms are the decoder-only model with the parameters of the encoder-decoder, and a prefix LM of twice
    the layers with the parameters of the ordinary one.
    """
    base = RunConfiguration(
        purpose="pilot",
        task="NumberTranslation",
        dials={"high": 9_999, "train_examples": 4_000},
        structure=Structure.ENCODER_DECODER,
        width=32,
        layers=2,
        heads=2,
        model={"query_key_norm": True, "segments": 2},
        learning_rate=4e-3,
        seed=0,
        budgets=(1e10, 3e10),
    )
    whole = cost.non_embedding_parameters(base.model_config(vocabulary=1))
    shared = cost.non_embedding_parameters(
        replace(base, structure=Structure.PREFIX_LM).model_config(vocabulary=1)
    )
    wide = matching_width(Structure.DECODER_ONLY, 2, whole, heads=2, query_key_norm=True)
    deep = matching_width(Structure.PREFIX_LM, 4, shared, heads=2, query_key_norm=True)
    arms = [
        replace(base, arm=f"ladder {step}", structure=each) for step, each in enumerate(Structure.ladder())
    ]
    arms += [
        replace(base, arm="same parameters", structure=Structure.DECODER_ONLY, width=wide),
        replace(base, arm="twice the layers", structure=Structure.PREFIX_LM, width=deep, layers=4),
    ]
    return [run for seed in (0, 1) for arm in arms for run in grid(arm, seed=[seed])]
