"""Comparisons beside the dials: every surrounding, equal parameters, counter-proposals, widths and remedies."""

import pandas as pd

from destructure.structure import Structure
from destructure.studies.dial_results.contrasts import Arm, Contrast, compare
from destructure.studies.plans import dials as plan

S1, S2, S3, S4 = Structure.SWITCHES


def every_surrounding(rows: pd.DataFrame) -> dict[str, list[Contrast]]:
    """Every setting at which S1 and S2 were removed and added: heading → one contrast a setting and surroundings."""
    both = (plan.PRESENT, plan.ABSENT)
    length = (plan.LONG_TO_SHORT, plan.SHORT_TO_LONG)
    likeness = (plan.ONE_WAY, plan.BOTH_WAYS, plan.CONVERSATION, plan.ROLE_SWAP)
    return {
        "S1": [_pair(rows, S1, setting.name, where) for setting in length for where in both],
        "S2": [
            *(_pair(rows, S2, setting.name, plan.PRESENT) for setting in length),
            *(_pair(rows, S2, setting.name, where) for setting in likeness for where in both),
        ],
    }


def equal_parameters(rows: pd.DataFrame) -> list[Contrast]:
    """S2 alone (two stacks of 3 layers) against one stack of 6: the same parameters, separate or not."""
    alone = plan.pair(S2, plan.ABSENT)[0]
    return [
        compare(
            rows,
            setting.name,
            Arm(setting.name, alone),
            Arm(f"{setting.name}, {plan.SAME_PARAMETERS}", plan.NONE),
        )
        for setting in (plan.ONE_WAY, plan.BOTH_WAYS, plan.CONVERSATION)
    ]


def role_swap(rows: pd.DataFrame) -> Contrast:
    """S2 on the way back, all others present."""
    return _pair(rows, S2, plan.ROLE_SWAP.name, plan.PRESENT)


def depths(rows: pd.DataFrame) -> list[Contrast]:
    """S3 at each depth, all others present."""
    return [_pair(rows, S3, name, plan.PRESENT, name) for name in _depths()]


def counter_proposals(rows: pd.DataFrame) -> dict[str, list[Contrast]]:
    """What a viewer proposed instead of the final layer, at each depth: heading → contrasts.

    The proposal is the arm "with"; the plain final layer, or the proposal itself, is the arm "without".
    """
    found: dict[str, list[Contrast]] = {}
    for variant in plan.MEMORIES:
        found[f"{variant} over the final layer"] = [
            compare(rows, name, Arm(f"{name}, {variant}", plan.ALL), Arm(name, plan.ALL))
            for name in _depths()
        ]
    by_layer = plan.pair(S3, plan.PRESENT)[1]
    found[f"layer by layer over {plan.LAYER_MIX}"] = [
        compare(rows, name, Arm(name, by_layer), Arm(f"{name}, {plan.LAYER_MIX}", plan.ALL))
        for name in _depths()
    ]
    return found


def widths(rows: pd.DataFrame) -> dict[str, list[Contrast]]:
    """S4 at each width: where the instruction stands → contrasts, the narrowest first."""
    return {
        f"instruction {position}": [
            _pair(rows, S4, plan.instruction_setting(position, width).name, plan.ABSENT, f"width {width}")
            for width in plan.INSTRUCTION_BUDGETS
        ]
        for position in ("last", "first")
    }


def remedies(rows: pd.DataFrame) -> list[Contrast]:
    """What a causal model can do instead: loss on inputs, the input twice (paid for); each against the plain one."""
    chosen = (("last", plan.INPUT_TWICE), ("last", plan.INPUT_LOSS), ("first", plan.INPUT_LOSS))
    return [_remedy(rows, position, remedy) for position, remedy in chosen]


def _remedy(rows: pd.DataFrame, position: str, remedy: str) -> Contrast:
    name = plan.instruction_setting(position).name
    arms = Arm(f"{name}, {remedy}", plan.NONE), Arm(name, plan.NONE)
    return compare(rows, f"instruction {position}: {remedy}", *arms)


def _depths() -> list[str]:
    return [plan.depth_setting(layers).name for layers in plan.DEPTHS]


def _pair(rows: pd.DataFrame, switch: str, name: str, where: str, label: str | None = None) -> Contrast:
    with_structure, without = plan.pair(switch, where)
    return compare(rows, label or f"{name}, {where}", Arm(name, with_structure), Arm(name, without))
