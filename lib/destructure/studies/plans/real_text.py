"""The thesis on real text: what each structure is worth over decades of compute (data/registration.md, part D)."""

from collections.abc import Iterable
from dataclasses import replace

from destructure import cost
from destructure.structure import Structure
from destructure.studies.plans.building import matching_width
from destructure.studies.plans.completing import TIED
from destructure.studies.plans.registry import register
from destructure.studies.plans.removal import HEAD_WIDTH, LAYERS
from destructure.studies.plans.tuning import TUNING_SEEDS
from destructure.study.configuration import RunConfiguration

SEEDS = tuple(range(300, 308))
"""All reported."""

BUDGETS = {
    16: (3e10, 1e11, 2e11, 3e11),
    32: (1e11, 2e11, 3e11, 1e12),
    64: (3e11, 1e12, 3e12),
    128: (1e12, 3e12, 1e13),
}
"""Training FLOPs of each width for the primary arms and decoder-only; the others end at `SIDE_END`."""
SIDE_END = 1e12
BATCH = {8: 600, 16: 600}
"""Real tokens per batch where it is not 300: narrow models take many steps for the same FLOPs."""
CONTINUATION_BUDGETS = {16: (3e10, 1e11), 32: (1e11, 3e11), 64: (3e11, 1e12), 128: (1e12,)}
CHECKED_RATES = {32: (1e11, 3e11), 64: (3e11, 1e12)}
BRACKETS = {
    8: (1e11, 2e11, 3e11),
    16: (1e11, 2e11, 3e11, 1e12),
    32: (1e12, 3e12),
    64: (3e12, 1e13),
    128: (1e13,),
    256: (1e13,),
}
"""Budgets of a width that is smaller or larger than those run there with all seeds, and of its neighbour."""

ALL = Structure.ENCODER_DECODER
LADDER = Structure.ladder()
ALONE = tuple(ALL.without(switch) for switch in Structure.SWITCHES)
"""Each structure removed from the encoder-decoder; the first is the ladder's second step, too."""

SAME_PARAMETERS = {Structure.DECODER_ONLY: LAYERS * 7 // 3, ALONE[1]: LAYERS * 5 // 3}
"""Layers that give one stack the encoder-decoder's parameters: 12 · 7 d² or (nearly) 16 · 5 d² for 28 · 3 d²."""

VERSES = {"task": "VerseTranslation", "dials": {"pieces": 500}}
DOCSTRINGS = {"task": "DocstringContinuation", "dials": {}}


def rate(width: int) -> float:
    """The learning rate of all arms of a width: by one rule, which the pilots found to hold."""
    return 4e-3 * (64 / width) ** 0.5


def text_arm(structure: Structure, width: int, budgets: tuple[float, ...], **settings) -> RunConfiguration:
    """One arm at one width; the seed is still to be set."""
    usual = {
        "purpose": "reporting",
        "arm": "corner",
        "layers": LAYERS,
        "heads": max(1, width // HEAD_WIDTH),
        "model": {"query_key_norm": True, "segments": 2},
        "learning_rate": rate(width),
        "training": {"tokens_per_batch": BATCH.get(width, 300), "averaging": 0.98, "warmup": 0.2},
        "measuring": {"examples": 2000, "watch_every": None},
        "numerics": "fast",
        "seed": 0,
    }
    return RunConfiguration(structure=structure, width=width, budgets=budgets, **(VERSES | usual | settings))


def same_parameters(width: int, budgets: tuple[float, ...], structure=Structure.DECODER_ONLY, **settings):
    """One stack, decoder-only or S2 removed alone, with the encoder-decoder's parameters."""
    settings |= {"layers": SAME_PARAMETERS[structure], "arm": "same parameters"}
    return text_arm(structure, width, budgets, **settings)


def twice_the_layers(width: int, budgets: tuple[float, ...]) -> RunConfiguration:
    """S3 alone removed, in twice the layers: the serial depth that it gave, with as many parameters as without it."""
    base = text_arm(ALONE[2], width, budgets, arm="twice the layers")
    heads = max(1, round(width / HEAD_WIDTH / 2**0.5))
    parameters = cost.non_embedding_parameters(base.model_config(vocabulary=1))
    narrow = matching_width(base.structure, 2 * LAYERS, parameters, heads=heads, **dict(base.model))
    return replace(base, layers=2 * LAYERS, width=narrow, heads=heads)


@register
def verses() -> list[RunConfiguration]:
    """The primary arms: the encoder-decoder, and each structure removed from it."""
    return _seed_by_seed(
        text_arm(structure, width, budgets)
        for width, budgets in BUDGETS.items()
        for structure in (ALL, *ALONE)
    )


@register
def verses_path() -> list[RunConfiguration]:
    """The rest of the ladder, the lecture's own path of tied projections, and the two controls."""
    arms = []
    for width, whole in BUDGETS.items():
        budgets = tuple(budget for budget in whole if budget <= SIDE_END)
        arms += [text_arm(structure, width, budgets) for structure in LADDER[2:-1]]
        arms += [text_arm(LADDER[-1], width, whole)]
        arms += [same_parameters(width, budgets, structure) for structure in SAME_PARAMETERS]
        arms += [text_arm(structure, width, budgets) for structure in TIED]
        arms += [twice_the_layers(width, budgets)]
    return _seed_by_seed(arms)


@register
def verses_checks() -> list[RunConfiguration]:
    """Tuning seeds, never reported: the rate by rule, its half and twice it; widths beside those of the envelopes."""
    arms = [
        text_arm(structure, width, budgets, arm="rate", learning_rate=factor * rate(width))
        for width, budgets in CHECKED_RATES.items()
        for structure in (ALL, ALONE[2], Structure.DECODER_ONLY)
        for factor in (0.5, 1, 2)
    ]
    for width, budgets in BRACKETS.items():
        arms += [text_arm(structure, width, budgets, arm="bracket") for structure in (ALL, ALONE[2])]
    return [replace(arm, purpose="tuning", seed=seed) for seed in TUNING_SEEDS for arm in arms]


@register
def continuation() -> list[RunConfiguration]:
    """Docstrings: the ladder, S3 alone, and equal parameters."""
    arms = []
    for width, budgets in CONTINUATION_BUDGETS.items():
        structures = (*LADDER, ALONE[2])
        arms += [text_arm(structure, width, budgets, **DOCSTRINGS) for structure in structures]
        arms += [same_parameters(width, budgets, **DOCSTRINGS)]
    return _seed_by_seed(arms)


def _seed_by_seed(arms: Iterable[RunConfiguration]) -> list[RunConfiguration]:
    """So that an early end leaves whole seeds."""
    arms = list(arms)
    return [replace(arm, seed=seed) for seed in SEEDS for arm in arms]
