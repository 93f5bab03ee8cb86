"""When each structure pays: each against the dial that should matter to it (data/registration.md, part B).

A dial is turned by choosing another task, depth or width; at each of its settings, arms with and without one
structure are compared. *Surroundings* say which others are there: all of them (so the structure is removed from the
encoder-decoder) or none (so it is added to the decoder-only model).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from destructure.files import data_folder
from destructure.structure import Structure
from destructure.studies.plans.registry import register
from destructure.studies.plans.removal import LAYERS, PLENTIFUL, SEEDS, corner
from destructure.studies.plans.tuning import tuned_rate, with_rates
from destructure.study.configuration import RunConfiguration
from destructure.study.one_run import build_task
from destructure.tasks.base import Task

WIDTH = 32
SHORT = (2e10, 4e10, 8e10)
LONG = (4e10, 8e10, 1.6e11)
INSTRUCTION_BUDGETS = {16: (1e10, 2e10, 4e10), 32: SHORT, 64: (4e10, 8e10, 1.6e11)}

ALL, NONE = Structure.ENCODER_DECODER, Structure.DECODER_ONLY
PRESENT, ABSENT = "all others present", "all others absent"


@dataclass(frozen=True)
class Setting:
    """One setting of a dial: a task, and the budgets at which every arm is measured.

    Attributes:
        name: what stands in the table's column `arm`.
        task, dials: the task and its arguments.
        budgets: training FLOPs.
    """

    name: str
    task: str = "NumberTranslation"
    dials: Mapping[str, Any] = field(default_factory=lambda: dict(PLENTIFUL))
    budgets: tuple[float, ...] = SHORT

    def arm(self, structure: Structure, variant: str = "", **settings: Any) -> RunConfiguration:
        """An arm at this setting; a variant of the plain structure is named after it."""
        usual = {"task": self.task, "dials": self.dials, "budgets": self.budgets}
        name = f"{self.name}, {variant}" if variant else self.name
        return corner(structure, **({"width": WIDTH, "arm": name} | usual | settings))

    def make_task(self) -> Task:
        """The task of this setting."""
        arm = self.arm(ALL)
        return build_task(arm.task, arm.dials)

    def with_memory(self, variant: str, layers: int) -> RunConfiguration:
        """The encoder-decoder with one of the two counter-proposals to final-layer memory, see `MEMORIES`."""
        plain = self.arm(ALL, variant, layers=layers)
        return replace(plain, model={**dict(plain.model), "final_memory": MEMORIES[variant]})


LONG_TO_SHORT = Setting("long to short", "Copying", {"read": 9, "write": 3}, LONG)
SHORT_TO_LONG = Setting("short to long", "Copying", {"read": 3, "write": 9}, LONG)

ONE_WAY = Setting("one direction")
BOTH_WAYS = Setting("both directions", dials=PLENTIFUL | {"direction": "both"}, budgets=LONG)
CONVERSATION = Setting("turns", "Turns", {"turns": 2, "digits": 3, "train_examples": 10_000})
ROLE_SWAP = Setting(
    "role swap",
    "RoleSwap",
    {"high": 9_999, "examples": 5_000}
    | dict.fromkeys(("swapped_examples", "validation_examples", "test_examples"), 500),
    LONG,
)

DEPTHS = (2, 3, 4)
LAYER_MIX, FEED_FORWARD = "layer mix", "one more block"
MEMORIES = {LAYER_MIX: "layer_mix", FEED_FORWARD: "feed_forward"}

INPUT_LOSS, INPUT_TWICE, SAME_PARAMETERS = "loss on inputs", "input twice", "same parameters"


def depth_setting(layers: int) -> Setting:
    """Number translation with so many layers a stack."""
    return Setting(f"{layers} layers")


def instruction_setting(position: str, width: int = WIDTH) -> Setting:
    """Telling one attribute of four things, the instruction "last" or "first"."""
    dials = {"things": 4, "actions": ["tell"], "instruction_position": position}
    return Setting(
        f"instruction {position}, width {width}", "ListInstruction", dials, INSTRUCTION_BUDGETS[width]
    )


def pair(switch: str, surroundings: str) -> tuple[Structure, Structure]:
    """The structures with and without a switch, all the others `PRESENT` or `ABSENT`."""
    if surroundings == PRESENT:
        return ALL, ALL.without(switch)
    return replace(NONE, **{switch: True}), NONE


def four_arms(switch: str, setting: Setting) -> list[RunConfiguration]:
    """With and without, in both surroundings."""
    return [setting.arm(structure) for where in (PRESENT, ABSENT) for structure in pair(switch, where)]


def with_equal_parameters(setting: Setting) -> RunConfiguration:
    """Decoder-only with six layers for three: the parameters of "S2 alone" (24 · 3 d² = 12 · 6 d²), in one stack."""
    return setting.arm(NONE, SAME_PARAMETERS, layers=6)


def length_arms() -> list[RunConfiguration]:
    """S1 in both surroundings, and S2 removed from the encoder-decoder, at both settings of the length dial."""
    return [
        arm
        for setting in (LONG_TO_SHORT, SHORT_TO_LONG)
        for arm in (
            *four_arms("separate_cross_attention", setting),
            setting.arm(ALL.without("separate_parameters")),
        )
    ]


def likeness_arms() -> list[RunConfiguration]:
    """S2 where input and target share a language; and single stacks with the parameters of two.

    The other end of the dial, one direction, is in `structure_corners`; only its arm of equal parameters is missing
    there.
    """
    arms = [
        arm
        for setting in (BOTH_WAYS, CONVERSATION, ROLE_SWAP)
        for arm in four_arms("separate_parameters", setting)
    ]
    return arms + [with_equal_parameters(each) for each in (ONE_WAY, BOTH_WAYS, CONVERSATION)]


def depth_arms() -> list[RunConfiguration]:
    """S3 at three depths: the final layer, its two counter-proposals, and layer by layer.

    With three layers the first and the last of them are in `structure_corners`.
    """
    arms = []
    for layers in DEPTHS:
        setting = depth_setting(layers)
        if layers != LAYERS:
            plain = pair("final_layer_memory", PRESENT)
            arms += [setting.arm(structure, layers=layers) for structure in plain]
        arms += [setting.with_memory(variant, layers) for variant in MEMORIES]
    return arms


def instruction_arms() -> list[RunConfiguration]:
    """S4 with the instruction last and first, at three widths; a causal model's two remedies at the middle width."""
    widths = [
        instruction_setting(position, width).arm(structure, width=width)
        for width in INSTRUCTION_BUDGETS
        for position in ("last", "first")
        for structure in pair("bidirectional_input", ABSENT)
    ]
    last, first = (instruction_setting(position) for position in ("last", "first"))
    twice = replace(last, dials={**last.dials, "input_twice": True})
    remedies = [each.arm(NONE, INPUT_LOSS, loss_on_inputs=True) for each in (last, first)]
    return [*widths, *remedies, twice.arm(NONE, INPUT_TWICE)]


def all_arms() -> list[RunConfiguration]:
    """Every arm of part B once; its rate and seed are still to be set."""
    return [*length_arms(), *instruction_arms(), *depth_arms(), *likeness_arms()]


def tuning_file() -> Path:
    """The table of the tuning runs."""
    return data_folder() / "results" / "dial_tuning.csv"


@register
def dial_tuning() -> list[RunConfiguration]:
    """Learning rates of every arm of part B; grows while a best rate lies at an edge."""
    arms = all_arms()
    return with_rates([replace(arm, budgets=arm.budgets[:2]) for arm in arms], tuning_file())


@register
def dial_runs() -> list[RunConfiguration]:
    """All arms of part B, seed by seed, so that an early end leaves whole seeds."""
    arms = all_arms()
    rates = [tuned_rate(arm, tuning_file()) for arm in arms]
    return [
        replace(arm, learning_rate=rate, seed=seed)
        for seed in SEEDS
        for arm, rate in zip(arms, rates, strict=True)
    ]
