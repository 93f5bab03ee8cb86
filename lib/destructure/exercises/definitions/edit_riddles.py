"""Two counted riddles about the four edits, another variant for everyone (notebook 07)."""

from destructure.config import TransformerConfig
from destructure.exercises.catalogue import Exercise
from destructure.exercises.kinds import Number, Switchboard, WrongValue
from destructure.exercises.variants import Draw, varied
from destructure.structure import Structure

# --- a riddle ------------------------------------------------------------------------------------------------

_SIZE = TransformerConfig(vocabulary=1, width=512, layers=6, heads=8, max_length=1)
_COEFFICIENT = {(True, True): 28, (False, True): 24, (True, False): 16, (False, False): 12}
_WHY = {
    "separate_cross_attention": "Look at the parameters: a cross-attention of its own has 4 · L · d² of them.",
    "separate_parameters": "Look at the parameters: a stack of its own has 12 · L · d² of them.",
    "final_layer_memory": (
        "Look at the second finding: whoever reads the final states depends on every input layer, the last"
        " one too."
    ),
    "bidirectional_input": (
        "Look at the third finding: can a token that sees only earlier ones notice a later one?"
    ),
}


def _complement(structure: Structure) -> Structure:
    return Structure(*(not getattr(structure, switch) for switch in Structure.SWITCHES))


_GOALS = ["-- S2 -- S4", *sorted({corner.code for corner in Structure.all()} - {"-- S2 -- S4"})]


@varied("07.switchboard.forensics")
def forensics(draw: Draw) -> Exercise:
    """Find a structure from three findings."""
    goal = Structure.named(draw.pick("goal", _GOALS))
    coefficient = _COEFFICIENT[goal.separate_cross_attention, goal.separate_parameters]
    noticed = "notices" if goal.final_layer_memory else "does **not** notice"
    changed = "changes" if goal.bidirectional_input else "does **not** change"
    million = coefficient * _SIZE.layers * _SIZE.width**2 / 1e6
    return Exercise(
        id="07.switchboard.forensics",
        title="Which structure is it?",
        question=(
            "Somebody has examined a model with L = 6 layers a stack and width d = 512, and found three"
            " things:\n\n"
            f"1. Its stacks have about **{coefficient} · L · d²** parameters ({million:.1f} million).\n"
            f"2. Disturb the last input layer: the **first** target layer {noticed} it.\n"
            f"3. Change the last input token: the final state of the first input token {changed}.\n\n"
            "Flip the switches until your model has all three. The line below the drawing counts for you."
        ),
        talk="23:32",
        objective="recognise each structure by its trace",
        difficulty=2,
        minutes=4,
        hints=(
            "Each finding belongs to other switches: the first to S1 and S2 together.",
            "28, 24, 16 and 12 · L · d² are the four combinations of S1 and S2.",
            (
                f"The first finding says {goal.code[:5]} (-- stands for off). The second belongs to S3, the"
                f" third to S4."
            ),
        ),
        solution=(
            "28 L d² with S1 and S2, 24 without S1, 16 without S2, 12 without both. Only with S3 does the"
            " first target layer depend on"
            f" the last input layer. Only with S4 does an earlier input token notice a later one. So it is"
            f" **{goal.code}**."
        ),
        kind=Switchboard(start=_complement(goal), wanted=(goal,), why=_WHY, cost=(_SIZE, 64, 64)),
        reference=goal.code,
        also_right={"switch by switch": {switch: getattr(goal, switch) for switch in Structure.SWITCHES}},
        parameters={"goal": goal.code},
        effort={"findings": 3, "flips": 4},
    )


# --- counted -------------------------------------------------------------------------------------------------


@varied("07.number.saving")
def saving(draw: Draw) -> Exercise:
    """The share of FLOPs that edit 3 saves."""
    source, target = draw.pick("lengths", _LENGTHS)
    saved, whole = 4 * source, 28 * source + 24 * target
    answer = 100 * saved / whole
    return Exercise(
        id="07.number.saving",
        title="What does edit 3 save?",
        question=(
            "After edit 2 one stack serves both parts and there is one softmax, but every target layer"
            " still reads the *final* input states."
            " So each layer projects the input twice: for the input's own attention, and once more the"
            " final states to keys and values"
            " for the target. In units of d² FLOPs, a token costs 24 in each layer, and an input token **4"
            " more** for that second projection."
            f" Edit 3 makes the second projection needless. With **{source}** input tokens and **{target}**"
            f" target tokens, what share of"
            " these FLOPs does it save, in per cent? (To 0.1.)"
        ),
        talk="25:40",
        objective="count what an edit without parameters saves",
        difficulty=2,
        minutes=4,
        hints=(
            "Before the edit: 28 for each input token, 24 for each target token.",
            "Saved: 4 for each input token.",
            f"100 · 4·{source} / (28·{source} + 24·{target}).",
        ),
        solution=(
            f"Saved are 4·{source} = {saved} of 28·{source} + 24·{target} = {whole}: {answer:.1f}%. With"
            f" equally long parts it is 4 of 52,"
            " 7.7%; with a very long input at most 4 of 28, one seventh. (The scores of the attention"
            " itself are left out here; the"
            " library's formula counts them, too.)"
        ),
        kind=Number(
            answer=answer,
            unit="%",
            tolerance=0.1,
            other_units={"percent": 1, "per cent": 1},
            wrong_values=(
                WrongValue(
                    "share of what is left",
                    100 * saved / (whole - saved),
                    (
                        "This compares the saving with what is left after it; compare it with what was"
                        " there before."
                    ),
                    0.6,
                ),
                WrongValue(
                    "input alone",
                    100 * 4 / 28,
                    "This is the share of the input alone; the target's FLOPs count, too.",
                    0.5,
                ),
                WrongValue(
                    "target projected",
                    100 * 4 * target / (24 * source + 28 * target),
                    "Here the *target* is projected twice; it is the input whose final states are.",
                    0.4,
                ),
                WrongValue(
                    "fraction",
                    saved / whole,
                    "Right as a fraction of 1; the question asks for per cent.",
                    0.8,
                ),
            ),
            lowest=0,
            highest=100,
            steps=6,
        ),
        reference=round(answer, 2),
        also_right={"with its unit": f"{answer:.1f} %", "as a division": f"{100 * saved}/{whole}"},
        parameters={"input tokens": source, "target tokens": target},
        effort={"operations": 6, "numbers to read": 2},
    )


def _telling(source: int, target: int) -> bool:
    """Whether every named mistake lies far enough from the right answer, and from the others."""
    saved, whole = 4 * source, 28 * source + 24 * target
    values = [
        100 * saved / whole,
        100 * saved / (whole - saved),
        100 / 7,
        100 * 4 * target / (24 * source + 28 * target),
        saved / whole,
    ]
    return all(abs(one - other) > 0.35 for n, one in enumerate(values) for other in values[:n])


# The lengths differ, so that a mix-up shows; no two variants have nearly the same answer.
_BY_ANSWER = {
    round(100 * 4 * source / (28 * source + 24 * target), 1): (source, target)
    for source in range(20, 201, 20)
    for target in range(20, 201, 20)
    if source != target and _telling(source, target)
}
_LENGTHS = [(120, 40), *sorted(set(_BY_ANSWER.values()) - {(120, 40)})]
