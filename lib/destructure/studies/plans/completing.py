"""What part A of the registered experiment left open (data/registration.md, part A completed)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from destructure.files import data_folder
from destructure.structure import Structure
from destructure.studies.plans import removal
from destructure.studies.plans.registry import register
from destructure.studies.plans.removal import BUDGETS, SEEDS, corner
from destructure.studies.plans.tuning import tuned_rate, with_rates
from destructure.study.configuration import RunConfiguration
from destructure.study.machine import processor

NARROW, ITS_BUDGETS = (8, 4), (1e10, 2e10, 4e10)
"""The lesser one came later, for the ladder and the tied path alone: width 8 had been the best size."""
CONTINUED = (*BUDGETS[16], 8e10, 1.6e11)
"""Width 16 went to the third of these."""
FIRST = 1e10
"""A budget at which width 32 was not measured."""
TIED = tuple(
    replace(step, separate_cross_attention=True, tied_cross_attention=True) for step in Structure.ladder()[1:]
)
"""The lecture's own path: cross-attention borrows self-attention's matrices and keeps its softmax to the end."""


def tuning_file() -> Path:
    """The table of the tuning runs."""
    return data_folder() / "results" / "completion_tuning.csv"


@register
def completion_tuning() -> list[RunConfiguration]:
    """Learning rates of width 8, of the tied arms, anew of the corners with S3; at the last budget."""
    narrow = [replace(arm, budgets=ITS_BUDGETS[:2]) for arm in _narrow()]  # the third costs as much again
    return with_rates([*narrow, *_tied(), *_late()], tuning_file())


@register
def completion() -> list[RunConfiguration]:
    """Sizes that bracket each point of the envelopes, the lecture's own first edit, S3's arms at their later rates.

    An arm joins the plan when its rate is tuned; of S3's arms only those do whose rate changed.
    """
    known = [_with_rate(arm, removal.tuning_file()) for arm in _continued()]
    new = [_with_rate(_to_the_end(arm), tuning_file()) for arm in (*_narrow(), *_tied())]
    late = [_with_rate(_to_the_end(arm), tuning_file()) for arm in _late()]
    changed = [arm for arm in late if arm and arm != _with_rate(arm, removal.tuning_file())]
    arms = [arm for arm in (*known, *new, *changed) if arm]
    return [replace(arm, seed=seed) for seed in SEEDS for arm in arms]


@register
def rounding() -> list[RunConfiguration]:
    """Eight stored runs once more: plain, fast and on two threads; an arm is named by the processor that rounds.

    On the same processor `ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2` adds arms with shorter instructions.
    """
    arms = [
        _with_rate(corner(each, 16), removal.tuning_file())
        for each in (Structure.ENCODER_DECODER, removal.SHARED_STACK)
    ]
    return [
        replace(arm, arm=processor(), numerics=numerics, seed=seed)
        for seed in SEEDS[:4]
        for arm in arms
        for numerics in ("plain", "fast", "two threads")
    ]


def _continued() -> Iterator[RunConfiguration]:
    """Width 16 on to 1.6e11; width 32 at 1e10, after a warm-up of the same length."""
    for structure in Structure.all():
        yield corner(structure, 16, budgets=CONTINUED)
        base = corner(structure, 32, budgets=(FIRST,))
        warmup = dict(base.training)["warmup"] * BUDGETS[32][0] / FIRST
        yield replace(base, training=dict(base.training) | {"warmup": warmup})


def _narrow() -> list[RunConfiguration]:
    """One head as wide as the model, so its attention is not exactly that of the wider models."""
    arms = [(each, NARROW[0]) for each in (*Structure.all(), *TIED)]
    arms += [(each, NARROW[1]) for each in (*Structure.ladder(), *TIED)]
    return [corner(each, width, heads=1, budgets=ITS_BUDGETS) for each, width in arms]


def _tied() -> list[RunConfiguration]:
    return [corner(each, width) for each in TIED for width in BUDGETS]


def _late() -> list[RunConfiguration]:
    with_s3 = [each for each in Structure.all() if each.final_layer_memory]
    return [corner(structure, width, arm="late rate") for structure in with_s3 for width in BUDGETS]


def _to_the_end(arm: RunConfiguration) -> RunConfiguration:
    return replace(arm, budgets=CONTINUED) if arm.width == 16 else arm


def _with_rate(arm: RunConfiguration, file: Path) -> RunConfiguration | None:
    """The arm with its tuned rate; None before its tuning is complete."""
    try:
        return replace(arm, learning_rate=tuned_rate(arm, file))
    except ValueError:
        return None
