"""Wrong answers to the exercises of notebook 07, written as learners write them."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.wrong_answers import Wrong, WrongAnswers
from destructure.structure import Structure

_JOINT = "def joint_attention(queries, keys, values, memory_keys, memory_values):\n    "
_SCORES = (
    "scale = queries.shape[-1] ** 0.5\n    "
    "later = torch.ones(len(keys), len(keys)).triu(1).bool()\n    "
    "own = (queries @ keys.T / scale).masked_fill(later, -1e9)\n    "
    "cross = queries @ memory_keys.T / scale\n    "
)


def _forensics(exercise: Exercise) -> dict[str, Wrong]:
    goal = Structure.named(exercise.parameters["goal"])

    def flipped(*switches: str) -> str:
        return Structure(
            **{name: getattr(goal, name) ^ (name in switches) for name in Structure.SWITCHES}
        ).code

    first, second, third, fourth = Structure.SWITCHES
    return {
        "S1 wrong": Wrong(flipped(first), "4 · L · d²"),
        "S2 wrong": Wrong(flipped(second), "12 · L · d²"),
        "S3 wrong": Wrong(flipped(third), "every input layer"),
        "S4 wrong": Wrong(flipped(fourth), "notice a later one"),
        "as it starts": Wrong(flipped(*Structure.SWITCHES), "4 switches"),
    }


def _saving(exercise: Exercise) -> dict[str, Wrong]:
    source, target = exercise.parameters.values()
    saved, whole = 4 * source, 28 * source + 24 * target
    return {
        "share of what is left": Wrong(100 * saved / (whole - saved), "what is left after it"),
        "input alone": Wrong(100 / 7, "the input alone"),
        "target projected": Wrong(100 * 4 * target / (24 * source + 28 * target), "whose final states"),
        "fraction": Wrong(saved / whole, "fraction of 1"),
        "negative": Wrong(-5, "cannot be below"),
    }


WRONG: dict[str, WrongAnswers] = {
    "07.prediction.closer": {
        "upside down": Wrong((80, 140, 40), "upside down"),
        "outside its own interval": Wrong((80, 100, 140), "outside your own interval"),
        "certain": Wrong((100, 100, 100), "claims certainty"),
        "says nothing": Wrong((100, 0, 300), "almost everything"),
        "impossible": Wrong((90, 50, 320), "impossible"),
    },
    "07.code.joint": {
        "added": Wrong(
            _JOINT + _SCORES + "return own.softmax(-1) @ values + cross.softmax(-1) @ memory_values\n",
            "gives out 2",
        ),
        "averaged": Wrong(
            _JOINT + _SCORES + "return (own.softmax(-1) @ values + cross.softmax(-1) @ memory_values) / 2\n",
            "one half each",
        ),
        "no mask": Wrong(
            _JOINT + "every = torch.cat([memory_keys, keys])\n    "
            "weights = (queries @ every.T / queries.shape[1] ** 0.5).softmax(1)\n    "
            "return weights @ torch.cat([memory_values, values])\n",
            "sees later ones",
        ),
        "one triangle over everything": Wrong(
            _JOINT + _SCORES + "cross = cross.masked_fill(torch.ones_like(cross).triu(1).bool(), -1e9)\n    "
            "return torch.cat([cross, own], 1).softmax(1) @ torch.cat([memory_values, values])\n",
            "only the first input token",
        ),
        "self-attention alone": Wrong(
            _JOINT + _SCORES + "return own.softmax(-1) @ values\n", "self-attention alone"
        ),
        "no scale": Wrong(
            _JOINT + _SCORES.replace("** 0.5", "** 0") + "return torch.cat([cross, own], 1).softmax(1) @ "
            "torch.cat([memory_values, values])\n",
            "√width",
        ),
        "values in another order": Wrong(
            _JOINT
            + _SCORES
            + "return torch.cat([cross, own], 1).softmax(1) @ torch.cat([values, memory_values])\n",
            "earlier row",
        ),
        "input left out of one row": Wrong(
            _JOINT + _SCORES + "cross[-1, -1] = -1e9\n    "
            "return torch.cat([cross, own], 1).softmax(1) @ torch.cat([memory_values, values])\n",
            "whole input",
        ),
    },
    "07.match.edits": {
        "S1 and S2 swapped": Wrong(
            ["whole stack", "one attention", "unread", "keep"], "four matrices a layer"
        ),
        "S3 and S4 swapped": Wrong(["one attention", "whole stack", "keep", "unread"], "hide later tokens"),
        "S2 and S3 swapped": Wrong(
            {"S1": "one attention", "S2": "unread", "S3": "whole stack", "S4": "keep"},
            "another layer removes",
        ),
        "unfinished": Wrong({"S1": "one attention", "S2": "whole stack"}, "Not matched yet"),
        "one used twice": Wrong(
            ["one attention", "one attention", "unread", "keep"], "more than its attention"
        ),
    },
    "07.switchboard.forensics": _forensics,
    "07.number.saving": _saving,
    "07.choice.left_over": {
        "parameters": Wrong(["b"], "counted once"),
        "edit 3 forgotten": Wrong(["a", "c", "d"], "That was edit 3"),
        "edit 4 forgotten": Wrong(["e"], "That was edit 4"),
        "half of it": Wrong(["a"], "still missing"),
    },
    "07.choice.same_function": {
        "one softmax": Wrong("a", "cannot share one sum"),
        "layer by layer": Wrong("c", "no longer has"),
        "causal": Wrong("d", "a mask does it"),
    },
}
