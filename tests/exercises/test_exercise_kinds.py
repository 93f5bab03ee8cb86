"""What each kind accepts and says, beyond what the course's own exercises use."""

import re
from dataclasses import replace

import numpy as np
import pytest

from destructure.config import TransformerConfig
from destructure.cost import parameters
from destructure.exercises.catalogue import every, find
from destructure.exercises.kinds.choice import Choice, Option
from destructure.exercises.kinds.code import Code, CodeAnswer, Flaw, Property
from destructure.exercises.kinds.code_running import run, tried
from destructure.exercises.kinds.comparing import size_of
from destructure.exercises.kinds.isolation import fence
from destructure.exercises.kinds.mask import Mask
from destructure.exercises.kinds.match import Item, Match
from destructure.exercises.kinds.number import Number, WrongValue
from destructure.exercises.kinds.prediction import Prediction
from destructure.exercises.kinds.run import agrees, every_row
from destructure.exercises.kinds.shapes import Shapes, Stage
from destructure.exercises.kinds.switchboard import Switchboard
from destructure.exercises.verdict import UnreadableAnswer, Verdict
from destructure.structure import Structure


def grade(kind, value) -> Verdict:
    return kind.grade(kind.read(kind.plain(value)))


def complaint(kind, value) -> str:
    with pytest.raises(UnreadableAnswer) as problem:
        kind.read(kind.plain(value))
    return str(problem.value)


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), "1", None])
def test_a_score_is_a_number_from_zero_to_one(score):
    with pytest.raises(ValueError, match="from 0 to 1"):
        Verdict(score, "message")


# --- choice --------------------------------------------------------------------------------------------------

SEVERAL = Choice(
    (
        Option("one", "first", "The first is true.", is_right=True),
        Option("two", "second", "The second is false."),
        Option("three", "third", "The third is true.", is_right=True),
        Option("four", "fourth", "The fourth is false."),
    ),
    several=True,
)


@pytest.mark.parametrize(
    ("value", "score", "says"),
    [
        (["a", "c"], 1, "The first is true. The third is true."),
        ("c, A", 1, "The first"),
        ("AC", 1, "The first"),
        (" ac", 1, "The first"),
        (["one", "third"], 1, "The first"),
        (["a"], 0.5, "1 still missing"),
        (["a", "b", "c"], 0.5, "The second is false."),
        (["b"], 0, "The second is false."),
        (["a", "b", "c", "d"], 0, "The second is false."),
    ],
)
def test_several_right_options(value, score, says):
    verdict = grade(SEVERAL, value)
    assert verdict.score == pytest.approx(score)
    assert says in verdict.message


def test_choosing_nothing_earns_nothing_and_what_is_no_option_is_refused():
    assert "No true statement" in SEVERAL.grade([]).message
    assert complaint(SEVERAL, "a, x").endswith("give one or more letters of a, b, c, d.")


def test_choices_that_cannot_work_are_refused():
    right, wrong = Option("a", "a", "a", is_right=True), Option("b", "b", "b")
    for options in (
        (right,),
        (wrong, wrong),
        (right, Option("c", "c", "c", is_right=True)),
        (wrong, Option("c", "", "")),
    ):
        with pytest.raises(ValueError, match=r"options|right"):
            Choice(options)


# --- number --------------------------------------------------------------------------------------------------

METRES = Number(
    2.5,
    2.5,
    unit="m",
    tolerance=0.05,
    other_units={"cm": 0.01},
    mistakes=(WrongValue("doubled", 5.0, "Twice.", 0.5),),
    near=((0.1, 0.6), (0.3, 0.2)),
    lowest=0,
    highest=10_000,
)


@pytest.mark.parametrize(
    ("value", "score", "says"),
    [
        (2.5, 1, "It is 2.5 m"),
        ("2.5 m", 1, "2.5"),
        ("250 cm", 1, "2.5"),
        ("5/2", 1, "2.5"),
        ("+2.5e0", 1, "2.5"),
        (2.55, 1, "2.5"),
        (2.45, 1, "2.5"),
        (2.5501, 0.6, "not by rounding"),
        (2.9, 0.2, "within 30%"),
        (2.6, 0.6, "within 10%"),
        (3, 0.2, "rounded too far"),
        (5, 0.5, "Twice."),
        (250, 0.3, "factor of 100"),
        (0.025, 0.3, "factor of 100"),
        (-1, 0, "below 0 m"),
        (10**6, 0, "above 10000 m"),
        (0, 0, "It is not 0."),
        (7, 0, "Too large."),
        (0.4, 0, "Too small."),
    ],
)
def test_numbers(value, score, says):
    verdict = grade(METRES, value)
    assert verdict.score == pytest.approx(score)
    assert says in verdict.message


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2,500", "two ways; write 2500 or 2.500"),
        ("2.5 km", "unit in “2.5 km” is not understood; give the number in m"),
        ("two", "“two” is not a number"),
        ("1/0", "divides by zero"),
        ("", "not a number"),
        (True, "Give one number"),
        ("2.5.5", "not a number"),
        ("1e999", "not a finite number"),
        ([1, 2], "Give one number"),
    ],
)
def test_unreadable_numbers(value, says):
    assert says in complaint(METRES, value)


def test_two_mistakes_of_one_value_are_both_told():
    kind = Number(
        9, 9, mistakes=(WrongValue("one", 4, "The one.", 0.2), WrongValue("two", 4, "The two.", 0.5))
    )
    assert grade(kind, 4) == Verdict(0.5, "The one. Or: The two.", "one")


def test_whole_numbers_are_exact():
    count = Number(49_152, 49_152)
    assert grade(count, 49_152).message == "It is 49152."
    assert grade(count, 49_151).score < 1


# --- mask, shapes, match -------------------------------------------------------------------------------------


def test_mask_from_numpy_and_torch():
    import numpy as np
    import torch

    mask = Mask(("a", "b", "c"), ("a", "b", "c"), ((1, 0, 0), (1, 1, 0), (1, 1, 1)))
    for value in (
        np.tril(np.ones((3, 3))),
        torch.ones(3, 3, dtype=torch.bool).tril(),
        ((1, 0, 0), (1, 1, 0), (1, 1, 1)),
    ):
        assert grade(mask, value).score == 1
    assert "2 and 3 cells" in complaint(mask, [[1, 0], [1, 1, 0], [1, 1, 1]])
    assert "1 (visible) or 0 (hidden), not 2" in complaint(mask, [[2, 0, 0]] * 3)


def test_mask_credit_is_by_whole_rows():
    mask = find("04.mask.decoder").kind
    assert grade(mask, "1000\n1100\n1110\n0111").score == 0.75
    assert grade(mask, "0000\n0000\n0000\n0000").score == 0


def test_masks_that_cannot_be_painted_are_refused():
    with pytest.raises(ValueError, match="2 rows of 2"):
        Mask(("a", "b"), ("a", "b"), ((1, 0),))
    with pytest.raises(ValueError, match="at most 12"):
        Mask(("a",) * 13, ("a",) * 13, ((1,) * 13,) * 13)


def test_shapes_say_what_kind_of_mistake_it_is():
    shapes = Shapes(
        (
            Stage("in", "In", (2, 3), given=True),
            Stage("out", "Out", (2, 6, 4), mistakes={(2, 4): "flat."}),
        )
    )
    for value, says in {
        (2, 4): "flat.",
        (2, 4, 6): "wrong order of axes",
        (2, 24): "2 axes given, but it has 3",
        (2, 3, 8): "split over the axes",
        (2, 6, 5): "at least one size",
    }.items():
        assert says in grade(shapes, {"out": value}).message
    assert grade(shapes, ["2×6×4"]).score == 1
    assert "whole number" in complaint(shapes, {"out": (2, 6, 4.5)})
    assert "Give one shape" in complaint(shapes, {"elsewhere": (2, 6, 4)})


def test_match_notices_partners_used_twice():
    match = Match(
        {"1": Item("one"), "2": Item("two")}, {"A": Item("a"), "B": Item("b")}, {"1": "A", "2": "B"}
    )
    assert grade(match, {"1": "A", "2": "B"}).score == 1
    assert "used twice" in grade(match, ["A", "A"]).message
    assert "does not belong" in grade(match, {"1": "B", "2": "A"}).message
    assert "not one of A, B" in complaint(match, {"1": "C"})
    with pytest.raises(ValueError, match="pairs must give"):
        Match({"1": Item("one")}, {"A": Item("a")}, {"1": "Z"})


# --- switchboard ---------------------------------------------------------------------------------------------

WHY = dict.fromkeys(("S1", "S2", "S3", "S4"), "Because.")
CONFIG = TransformerConfig(vocabulary=129, width=64, layers=3)


def test_switchboard_can_ask_for_a_cost():
    """Every structure with that many parameters is right, not only the one the author thought of."""
    few = parameters(CONFIG.with_structure(Structure.DECODER_ONLY))
    wanted = tuple(one for one in Structure.all() if parameters(CONFIG.with_structure(one)) == few)
    board = Switchboard(Structure.ENCODER_DECODER, wanted, WHY, cost=(CONFIG, 32, 32))
    assert len(wanted) > 1
    assert all(grade(board, one).score == 1 for one in wanted)
    assert sum(grade(board, one).score == 1 for one in Structure.all()) == len(wanted)
    front = board.front()["corners"]
    assert len(front) == 16
    assert f"Parameters: {few:,}." in front["-- -- -- --"]["caption"]
    assert len({corner["picture"] for corner in front.values()}) == 16
    assert len({corner["alt"] for corner in front.values()}) == 16


def test_switchboard_reads_every_way_to_write_a_structure():
    board = find("04.switchboard.memory").kind
    for value in (
        Structure.ENCODER_DECODER,
        "encoder-decoder",
        " S1 S2 S3 S4 ",
        [True] * 4,
        {"S1": True, "S2": True, "S3": True, "S4": True},
        dict.fromkeys(Structure.SWITCHES, True),
    ):
        assert board.read(board.plain(value)) == "S1 S2 S3 S4"
    for value in ("s1 -- s3 s4", "S1 S3 S4", {"S1": 1, "S2": 0, "S3": 1, "S4": 1}, [1, 0, 1, 1]):
        assert board.read(board.plain(value)) == "S1 -- S3 S4"
    for value in ({"S1": True}, [1, 1, 1, 2], "S1 S5", "on", 7, ","):
        assert "not a setting of the four switches" in complaint(board, value)


def test_switchboard_can_name_a_wrong_corner():
    board = Switchboard(
        Structure.ENCODER_DECODER,
        (Structure.DECODER_ONLY,),
        WHY,
        mistakes={Structure.PREFIX_LM.code: "This is a prefix LM."},
    )
    assert grade(board, "prefix LM") == Verdict(0.75, "This is a prefix LM.", "-- -- -- S4")
    with pytest.raises(ValueError, match="not right yet"):
        Switchboard(Structure.PREFIX_LM, (Structure.PREFIX_LM,), WHY)


# --- prediction ----------------------------------------------------------------------------------------------


def test_prediction_is_judged_by_its_interval():
    kind = Prediction("degrees", 0, 100, {}, unit="°C")
    answer = kind.read(kind.plain({"guess": "20 °C", "low": 10, "high": "30"}))
    assert answer == {"guess": 20, "low": 10, "high": 30}
    assert kind.read(["20,5", "−2", "60/2"]) == {"guess": 20.5, "low": -2, "high": 30}
    assert kind.judge(answer, 30) == "The result is 30 °C: inside your interval."
    assert "31 °C: above your interval" in kind.judge(answer, 31)
    assert "9 °C: below your interval" in kind.judge(answer, 9)
    assert "“Best guess” must be a number, not “”" in complaint(kind, {"guess": "", "low": 1, "high": 2})


def test_prediction_credit_never_depends_on_the_result():
    kind = find("04.prediction.unseen").kind
    assert {grade(kind, (guess, guess - 5, guess + 5)).score for guess in range(5, 96)} == {1}


# --- code ----------------------------------------------------------------------------------------------------


CODE = Code(
    reference="def double(number):\n    return 2 * number\n",
    cases=lambda more=0: [(1.0,), (2.5,), (-3.0,)],
    mistakes=(Flaw("squared", "You square.", "def double(number):\n    return number**2\n"),),
)


@pytest.mark.parametrize(
    ("source", "score", "says"),
    [
        ("def double(number):\n    return number + number", 1, "agrees with the reference on 6 inputs"),
        ("def double(number):\n    return number * number", 0.4, "You square."),
        (
            "def double(number):\n    return str(number)",
            0.1,
            "something of type str; it should return a number",
        ),
        ("def double(number):\n    return [number]", 0.1, "shape (1,); it should have ()"),
        ("def double(number):\n    return number > 0", 0.1, "only True and False; it should hold numbers"),
        ("def double(number):\n    return float('nan')", 0.4, "contains NaN"),
        (
            "def double(number):\n    return 2 * number + 0.01",
            0.4,
            "With number = 1 it returns 2.01; wanted is 2.",
        ),
        (
            "def double(number):\n    return 1 / 0",
            0,
            "Called with number = 1, the function raised ZeroDivisionError: division by zero (line 2 of your code).",
        ),
        ("def double():\n    return 1", 0, "raised TypeError"),
        ("def double(number):\n    return", 0, "returns None so far"),
        ("def double(number):\n    raise NotImplementedError", 0, "returns None so far"),
        ("def other(number):\n    return 2 * number", 1, "agrees"),
        ("def a():\n    pass\ndef b():\n    pass", 0, "This text has no function double; it defines a, b"),
        ("x = 1", 0, "must define double"),
        ("def double(number)", 0, "not Python yet: expected ':' in line 1"),
        ("1 / 0\ndef double(number):\n    return 1", 0, "Defining the function raised ZeroDivisionError"),
    ],
)
def test_code_from_source(source, score, says):
    verdict = grade(CODE, source)
    assert verdict.score == pytest.approx(score)
    assert says in verdict.message


def test_properties_run_when_all_cases_agree():
    """A gap in the cases is none in the check."""
    odd = Property("odd", lambda function, case: function(-case[0]) == -function(*case), "Not odd.")
    code = replace(CODE, cases=lambda more=0: [(1.0,), (2.5,)], properties=(odd,))
    assert grade(code, "def double(number):\n    return number + number").score == 1
    verdict = grade(code, "def double(number):\n    return number + abs(number)")
    assert (verdict.message, verdict.misconception, verdict.score) == ("Not odd.", "odd", 0.1)


def test_a_tuple_is_taken_apart_only_where_the_exercise_says_so():
    pair = "def double(number):\n    import numpy as np\n    return np.array(2 * number), np.array([1.0])"
    assert grade(replace(CODE, with_weights=True), pair).score == 1
    assert grade(CODE, pair).misconception == "wrong form"
    three = "def advantage(own, without):\n    return np.float64(0), 'garbage', 7"
    assert find("09.code.advantage").check(three).misconception == "wrong form"


@pytest.mark.parametrize("exercise", [one for one in every() if one.kind.runs_code], ids=lambda one: one.id)
def test_what_is_wanted_is_always_a_number(exercise):
    """Where NaN is wanted anything would agree."""
    cases = exercise.kind.cases()
    reference, task = exercise.kind._task(cases)
    assert len(cases) >= 5
    assert all(np.isfinite(run(reference, case, task).array).all() for case in cases)


def wrong_beyond(exercise, knows):
    """The reference, but wrong where its calls so far and the text of its inputs are not known to be tried always."""
    reference, calls = exercise.kind._task(exercise.kind.cases()[:1])[0], []

    def function(*inputs):
        calls.append(str(inputs))
        result = reference(*inputs)
        if knows(len(calls), calls[-1]):
            return result
        return [one + 1 for one in result] if isinstance(result, list) else result * 0 - 7

    function.calls = calls
    return function


@pytest.mark.slow
@pytest.mark.parametrize("exercise", [one for one in every() if one.kind.runs_code], ids=lambda one: one.id)
def test_nobody_passes_by_knowing_the_inputs_or_by_being_right_at_first(exercise):
    spy = wrong_beyond(exercise, lambda number, inputs: True)
    with fence():
        tried(exercise.kind._task(sorted(exercise.kind.cases(), key=size_of))[1], "", spy)
    known = set(spy.calls)
    for knows in (lambda number, inputs: inputs in known, lambda number, inputs: number <= len(spy.calls)):
        verdict = grade(exercise.kind, CodeAnswer(exercise.reference, wrong_beyond(exercise, knows)))
        assert verdict.score < 0.5, verdict.message


def test_code_knows_its_starter():
    for source in ("", "def double(number):\n    ...", "def double(number):\n    ...  # a comment\n\n"):
        assert CODE.is_empty(CODE.plain(source))
    assert not CODE.is_empty(CODE.plain("def double(number):\n    return 1"))
    assert CODE.is_empty(CODE.plain(None))


def test_code_checks_are_the_same_every_time():
    for exercise in every("04"):
        if exercise.kind.runs_code:
            assert str(exercise.kind.cases()) == str(exercise.kind.cases())


def test_attention_cases_tell_every_scale_apart():
    """The lesson of a well-known course whose stored example accepts five different scales."""
    kind = find("04.code.attention").kind
    names = [flaw.name for flaw in kind.mistakes]
    assert names.count("no scale") + names.count("wrong scale") == 4  # told apart by the test below


@pytest.mark.slow
@pytest.mark.parametrize("exercise", [one for one in every() if one.kind.runs_code], ids=lambda one: one.id)
def test_each_mistake_in_code_is_told_from_all_others(exercise):
    for flaw in exercise.kind.mistakes:
        verdict = exercise.check(flaw.source)
        assert (verdict.score, verdict.misconception) == (flaw.credit, flaw.name)
        assert re.fullmatch(
            rf"{re.escape(flaw.message)}( With .* it returns .*; wanted is .*\.)?", verdict.message
        )


def test_rows_are_compared_with_rows_computed_again():
    rows = [{"seed": 0, "loss": 1.5}, {"seed": 1, "loss": 2.5}]
    whole, same = every_row(lambda _: rows, "seed"), agrees(lambda _: rows, "seed", "loss", within=0.1)
    assert (whole(rows[::-1]), same([{"seed": 0, "loss": 1.59}]), same([])) == (True, True, True)
    assert whole(rows[:1]) == "The row with seed 1 is missing."
    assert whole([*rows, rows[0]]) == "The row with seed 0 is one too many."
    assert same([{"seed": 0, "loss": 1.59}, rows[1]]) is True
    assert whole([{"seed": 0.0}, {"seed": np.float64(1)}]) is True
    at = every_row(lambda _: [{"budget": 1e11}, {"budget": 100_000_000_001.0}], "budget")
    assert at([{"budget": 100_000_000_001}, {"budget": 10**11}]) is True
    assert at([{"budget": 10**11}] * 2) == "The row with budget 100000000001 is missing."
    assert same([{"seed": 0, "loss": 1.61}]) == "With seed 0 you give loss 1.61; computed again it is 1.5."
