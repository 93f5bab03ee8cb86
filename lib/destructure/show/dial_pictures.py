"""The figures of part B, each drawn from its results; `None` while no seed is complete.

`all_pictures(results)` draws every one: what `python -m destructure verdicts --pictures FOLDER` writes.
"""

from collections.abc import Callable

from destructure.show.advantage_plots import advantage_rows
from destructure.show.dial_curves import dial_curves
from destructure.show.picture import Picture
from destructure.studies.dial_results.contrasts import Arm
from destructure.studies.dial_results.effects import DIALS
from destructure.studies.dial_results.results import DialResults
from destructure.studies.plans import dials as plan


def effect_picture(results: DialResults) -> Picture | None:
    """The five dials: the advantage at both ends."""
    if results.rows is None:
        return None
    panels = {
        f"{name}: {effect.verdict}": (effect.first, effect.second) for name, effect in results.effects.items()
    }
    return advantage_rows(panels, title=f"Each structure at the ends of its dial ({results.progress.label})")


def curve_picture(results: DialResults, name: str) -> Picture | None:
    """Exact match over compute at the ends of one dial, with and without the structure.

    Raises:
        ValueError: if there is no dial of that name.
    """
    if name not in DIALS:
        raise ValueError(f"There is no dial {name!r}; the dials are {', '.join(DIALS)}.")
    if results.rows is None:
        return None
    dial = DIALS[name]
    arms = plan.pair(dial.switch, dial.surroundings)
    panels = {end: [Arm(end, each) for each in arms] for end in (dial.first, dial.second)}
    names = [f"with it: {arms[0].code}", f"without it: {arms[1].code}"]
    return dial_curves(results.rows, panels, names, title=f"{name} ({results.progress.label})")


def surrounding_picture(results: DialResults, structure: str) -> Picture | None:
    """S1 or S2 at every setting, in every surrounding that was run."""
    if results.rows is None:
        return None
    return advantage_rows(
        {f"{structure}, each row a setting and what else is there": results.surroundings[structure]},
        title=f"{structure} at every setting ({results.progress.label})",
    )


def parameters_picture(results: DialResults) -> Picture | None:
    """Two stacks of three layers against one of six."""
    if results.rows is None:
        return None
    return advantage_rows(
        {"S2 alone over decoder-only with 6 layers": results.equal_parameters},
        name="loss of one stack over loss of two (above 1 two are better)",
        title=f"Equal parameters ({results.progress.label})",
    )


def role_swap_picture(results: DialResults) -> Picture | None:
    """Exact match on the way back."""
    if results.rows is None:
        return None
    panels = {
        where: [Arm(plan.ROLE_SWAP.name, each) for each in plan.pair("separate_parameters", where)]
        for where in (plan.PRESENT, plan.ABSENT)
    }
    names = ["with separate parameters (S2)", "without"]
    return dial_curves(results.rows, panels, names, title=f"German to English ({results.progress.label})")


def depth_picture(results: DialResults) -> Picture | None:
    """S3 at each depth, and the two counter-proposals."""
    if results.rows is None:
        return None
    panels = {"final layer over layer by layer": results.depths, **results.counter_proposals}
    return advantage_rows(
        panels,
        name="loss of the second over loss of the first (above 1 the first is better)",
        title=f"What the target reads ({results.progress.label})",
    )


def width_picture(results: DialResults) -> Picture | None:
    """S4 at three widths, the instruction last and first."""
    if results.rows is None:
        return None
    return advantage_rows(
        results.widths,
        title=f"Reading in both directions ({results.progress.label})",
    )


def remedy_picture(results: DialResults) -> Picture | None:
    """What a causal model can do instead of reading in both directions."""
    if results.rows is None:
        return None
    return advantage_rows(
        {"decoder-only, with and without": results.remedies},
        name="loss of plain over loss with the remedy (above 1 it helps)",
        title=f"Remedies ({results.progress.label})",
    )


def all_pictures(results: DialResults) -> dict[str, Picture]:
    """Every figure that the tables allow, by name."""
    makers: dict[str, Callable[[], Picture | None]] = {
        "dial_effects": lambda: effect_picture(results),
        **{
            f"dial_{name.lower().replace(' ', '_')}": lambda name=name: curve_picture(results, name)
            for name in DIALS
        },
        "dial_surroundings_s1": lambda: surrounding_picture(results, "S1"),
        "dial_surroundings_s2": lambda: surrounding_picture(results, "S2"),
        "dial_equal_parameters": lambda: parameters_picture(results),
        "dial_role_swap": lambda: role_swap_picture(results),
        "dial_counter_proposals": lambda: depth_picture(results),
        "dial_widths": lambda: width_picture(results),
        "dial_remedies": lambda: remedy_picture(results),
    }
    drawn = {name: make() for name, make in makers.items()}
    return {name: picture for name, picture in drawn.items() if picture is not None}
