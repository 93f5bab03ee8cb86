"""Removing structure: the ladder and all sixteen corners on number translation (data/registration.md, part A)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from destructure import cost
from destructure.files import data_folder
from destructure.structure import Structure
from destructure.studies.plans.building import matching_width
from destructure.studies.plans.registry import register
from destructure.studies.plans.tuning import tuned_rate, with_rates
from destructure.study.configuration import RunConfiguration

SEEDS = tuple(range(200, 208))
"""All reported."""

BUDGETS = {
    16: (1e10, 2e10, 4e10),
    32: (2e10, 4e10, 8e10),
    64: (4e10, 8e10, 1.6e11, 3.2e11),
}
"""Training FLOPs of each width: six budgets in all, in steps of 2."""

LAYERS = 3
HEAD_WIDTH = 16
PLENTIFUL = {"high": 99_999}
SCARCE = {"high": 99_999, "train_examples": 500}
SCARCE_BUDGETS = (4e10, 8e10, 1.6e11)

PREFIX_LM, DECODER_ONLY = Structure.PREFIX_LM, Structure.DECODER_ONLY
SHARED_STACK = Structure(False, False, True, True)
"""One stack that still reads its own final states: after two edits of the ladder."""


def tuning_file() -> Path:
    """The table of the tuning runs."""
    return data_folder() / "results" / "structure_tuning.csv"


def corner(structure: Structure, width: int, **settings) -> RunConfiguration:
    """One of the sixteen corners, by default at the budgets of its width; rate and seed are still to be set."""
    usual = {
        "purpose": "reporting",
        "arm": "corner",
        "task": "NumberTranslation",
        "dials": PLENTIFUL,
        "layers": LAYERS,
        "heads": width // HEAD_WIDTH,
        "model": {"query_key_norm": True, "segments": 2},
        "learning_rate": 4e-3,
        "training": {"tokens_per_batch": 1000, "averaging": 0.98, "warmup": 0.2},
        "budgets": BUDGETS.get(width),
        "seed": 0,
    }
    return RunConfiguration(structure=structure, width=width, **(usual | settings))


def tuned(arms: Sequence[RunConfiguration], seeds: Iterable[int] = SEEDS) -> list[RunConfiguration]:
    """Every arm with its tuned rate, for every seed: seed by seed, so that an early end leaves whole seeds.

    All arms were tuned with plentiful data; with scarce data they keep that rate.
    """
    rates = [tuned_rate(replace(arm, dials=PLENTIFUL), tuning_file()) for arm in arms]
    return [
        replace(arm, learning_rate=rate, seed=seed)
        for seed in seeds
        for arm, rate in zip(arms, rates, strict=True)
    ]


def same_parameters(structure: Structure, width: int, **settings) -> RunConfiguration:
    """A single stack with the encoder-decoder's parameters: 7 layers for 3 + 3 (12 · 7 d² = 28 · 3 d²)."""
    return corner(structure, width, arm="same parameters", layers=LAYERS * 7 // 3, **settings)


def twice_the_layers(width: int, **settings) -> RunConfiguration:
    """A prefix LM with the serial depth that final-layer memory gives: twice the layers, as many parameters."""
    base = corner(PREFIX_LM, width)
    heads = max(1, round(width / HEAD_WIDTH / 2**0.5))
    parameters = cost.non_embedding_parameters(base.model_config(vocabulary=1))
    narrow = matching_width(PREFIX_LM, 2 * LAYERS, parameters, heads=heads, **dict(base.model))
    sizes = {"layers": 2 * LAYERS, "width": narrow, "heads": heads}
    return replace(base, arm="twice the layers", **sizes, **settings)


@register
def structure_tuning() -> list[RunConfiguration]:
    """Learning rates of all sixteen corners at three widths; grows while a best rate lies at an edge."""
    arms = [
        corner(structure, width, budgets=budgets[:2])
        for width, budgets in BUDGETS.items()
        for structure in Structure.all()
    ]
    return with_rates(
        arms + [replace(arm, budgets=arm.budgets[:2]) for arm in _other_shapes()], tuning_file()
    )


@register
def structure_corners() -> list[RunConfiguration]:
    """All sixteen corners at three widths, and the arms of equal parameters and of twice the layers; eight seeds."""
    corners = [corner(structure, width) for width in BUDGETS for structure in Structure.all()]
    return tuned(corners + _other_shapes())


@register
def scarce_corners() -> list[RunConfiguration]:
    """All sixteen corners with 500 training pairs, width 32; eight seeds."""
    scarce = {"dials": SCARCE, "budgets": SCARCE_BUDGETS}
    return tuned([corner(structure, 32, **scarce) for structure in Structure.all()])


@register
def noise_floor() -> list[RunConfiguration]:
    """The two ends of the ladder with sixteen more seeds, to see what a seed alone changes."""
    ends = [corner(structure, 32) for structure in (Structure.ENCODER_DECODER, DECODER_ONLY)]
    return tuned(ends, seeds=range(208, 224))


def _other_shapes() -> list[RunConfiguration]:
    shapes = [same_parameters(each, 32) for each in (SHARED_STACK, PREFIX_LM, DECODER_ONLY)]
    return [*shapes, twice_the_layers(32)]
