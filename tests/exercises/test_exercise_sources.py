"""What is kept of a learner's function can be run by somebody else, or the learner is told why not."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from destructure.exercises import answer, exercise, find
from destructure.exercises.store import AnswerStore

ID = "04.code.attention"


@pytest.fixture
def cells():
    shell = InteractiveShell.instance()
    yield lambda *sources: [shell.run_cell(source).raise_error() for source in sources]
    InteractiveShell.clear_instance()


@pytest.fixture
def hand_in(cells):
    def hand_in(*sources):
        cells(*sources)
        function = InteractiveShell.instance().user_ns[find(ID).kind.function]
        return answer(ID, function)

    return hand_in


def stored_again():
    """The verdict on what is stored, as somebody else would find it."""
    return find(ID).check(AnswerStore().record(ID).checked)


HEAD = f"def {find(ID).kind.function}({', '.join(['queries', 'keys', 'values', 'mask'])}):"
BODY = (
    "\n    scores = queries @ keys.transpose(-1, -2) / {root}"
    "\n    return {softmax}(scores.masked_fill(~mask, -float('inf'))) @ values"
)


def program(root="queries.shape[-1] ** 0.5", softmax="(lambda x: x.softmax(-1))"):
    return HEAD + BODY.format(root=root, softmax=softmax)


ELSEWHERE = {
    "a helper of another cell": (["def weigh(x):\n    return x.softmax(dim=-1)", program(softmax="weigh")]),
    "a helper with a helper and a number": (
        [
            "AXIS = -1\nimport torch as t",
            "def softly(x):\n    return t.softmax(x, AXIS)",
            "def weigh(x):\n    return softly(x)",
            program(softmax="weigh"),
        ]
    ),
    "an import": (["from math import sqrt as root\nimport torch as t", program("root(queries.shape[-1])")]),
    "an import of the cell itself": (["import math as m\n" + program("m.sqrt(queries.shape[-1])")]),
    "another name for a helper": (
        ["def weigh(x):\n    return x.softmax(dim=-1)\nsoftly = weigh", program(softmax="softly")]
    ),
    "a lambda as helper": (["weigh = lambda x: x.softmax(-1)", program(softmax="weigh")]),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_other_cells_define_is_kept_with_the_answer(hand_in, name):
    given = hand_in(*ELSEWHERE[name])
    assert (given.score, given.note) == (1, "")
    assert stored_again().score == 1
    assert hand_in(ELSEWHERE[name][-1]).score == 1
    assert AnswerStore().record(ID).attempts == 1, "the same answer once more"
    assert exercise(ID).verdict["state"] == "right"


def test_local_names_are_nobodys_business(hand_in):
    """`scores` is a variable of the function; that the notebook has one, too, does not matter."""
    given = hand_in("scores = object()", program())
    assert (given.score, given.note) == (1, "")
    assert AnswerStore().record(ID).checked == program()


@pytest.mark.parametrize(
    "sources",
    [
        ["import torch\nweigh = torch.nn.Softmax(-1)", program(softmax="weigh")],
        [
            "def make(weigh):\n"
            + "\n".join("    " + line for line in program(softmax="weigh").splitlines())
            + f"\n    return {find(ID).kind.function}",
            f"{find(ID).kind.function} = make(lambda x: x.softmax(-1))",
        ],
    ],
)
def test_the_learner_is_told_what_cannot_be_kept(hand_in, sources):
    given = hand_in(*sources)
    assert given.score == 1, "it works here, so it counts"
    assert "does not stand alone: it uses weigh of another place" in given.note
    assert "its own cell" in repr(given)
    assert hand_in(program()).note == ""


def test_a_lambda_is_kept_as_a_function(cells):
    weights = "(q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~mask, -9e9).softmax(-1)"
    cells(f"{find(ID).kind.function} = lambda q, k, v, mask: {weights} @ v")
    given = answer(ID, InteractiveShell.instance().user_ns[find(ID).kind.function])
    assert (given.score, given.note) == (1, "")
    assert AnswerStore().record(ID).checked.startswith("def answer(q, k, v, mask):\n    return ")
    assert stored_again().score == 1
