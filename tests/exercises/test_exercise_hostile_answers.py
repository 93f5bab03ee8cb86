"""Whatever is handed in, the check answers with a sentence and a score from 0 to 1."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from destructure.exercises.catalogue import every, find
from destructure.exercises.kinds import KINDS

EXERCISES = list(every())
each = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)


class Evil:
    """An object that refuses to be looked at."""

    def _refuse(self, *arguments):
        raise RuntimeError("no")

    __eq__ = __ne__ = __lt__ = __iter__ = __len__ = __bool__ = __repr__ = __str__ = __hash__ = _refuse
    __getattr__ = __getitem__ = __int__ = __float__ = _refuse


class EvilType(type):
    def __getattribute__(cls, name):
        raise KeyboardInterrupt


class EvilList(list):
    def __iter__(self):
        raise RuntimeError("no")


class PretendsToBeAnArray:
    __module__ = "numpy"

    def tolist(self):
        raise RuntimeError("no")


def deep(depth: int):
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


def circle():
    value: list = []
    value.append(value)
    return value


HOSTILE = {
    "true": True,
    "nan": math.nan,
    "infinity": -math.inf,
    "huge number": 10**400,
    "huger number": 10**5000,
    "million characters": "a" * 10**6,
    "million digits": "9" * 10**6,
    "million items": [0] * 10**6,
    "deep": deep(50),
    "deeper than Python": deep(5000),
    "circle": circle(),
    "bytes": b"\xff\xfe",
    "nul and surrogate": "\x00\ud800",
    "a class": Evil,
    "an evil object": Evil(),
    "an object of an evil type": EvilType("OfEvilType", (), {})(),  # no name of the module: pytest would look
    "an evil list": EvilList([1]),
    "a false array": PretendsToBeAnArray(),
    "a set": {1, 2},
    "a mixed set": frozenset({1, "a"}),
    "a complex number": 1 + 2j,
    "a generator": (x for x in [1]),
    "a builtin": len,
    "a lambda": lambda *everything: 1 / 0,
    "a big array": np.zeros((10**4, 10**3)),
    "an array of NaN": np.full((4, 4), np.nan),
    "numbers as names": {1: 2},
    "tuples as names": {(1, 2): 3},
    "an evil name": {"guess": Evil(), "low": 0, "high": 1},
    "nested nan": [[math.nan] * 4] * 4,
    "dictionary of dictionaries": {"memory": {"memory": {}}},
    "html": "<script>alert(1)</script>",
    "a very long word list": ",".join(["ids"] * 500),
    "division by zero": "1/0",
    "text infinity": "inf",
    "tuple of text nan": ("nan", "nan", "nan"),
    "not Python": "def f(:",
    "Python that raises": "raise SystemExit(3)",
    "Python that exits later": "def anything(*inputs):\n    raise SystemExit",
}


@each
def test_hostile_values_get_a_sentence(exercise):
    for name, value in HOSTILE.items():
        verdict = exercise.check(value)
        assert 0 <= verdict.score < 1, name
        assert 10 < len(verdict.message) < 500, name
        assert verdict.message.rstrip().endswith((".", "?", "…)", ").")), name


@each
def test_real_evil_in_the_right_form(exercise):
    """The reference, with one part replaced by something evil."""
    reference = exercise.reference
    if isinstance(reference, dict):
        broken = reference | {next(iter(reference)): Evil()}
    elif isinstance(reference, list):
        broken = [Evil(), *reference[1:]]
    else:
        broken = [reference, Evil()]
    verdict = exercise.check(broken)
    assert (verdict.score, verdict.counted) == (0, False)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)
DATA = [exercise for exercise in EXERCISES if not exercise.kind.runs_code]


@pytest.mark.slow
@settings(max_examples=80, deadline=None, derandomize=True)
@given(value=plain)
def test_no_score_outside_zero_to_one(value):
    for exercise in DATA:
        assert 0 <= exercise.check(value).score <= 1


def near_answers(exercise):
    """Answers of the right form, right and wrong mixed."""
    kind, reference = exercise.kind, exercise.reference
    if kind.name == "choice":
        return st.sampled_from([option.key for option in kind.options])
    if kind.name == "number":
        return st.floats(-1e6, 1e6) | st.floats(0.9, 1.1).map(lambda factor: factor * kind.answer)
    if kind.name == "prediction":
        number = st.floats(kind.lowest - 1, kind.highest + 1)
        return st.fixed_dictionaries({"guess": number, "low": number, "high": number})
    if kind.name == "mask":
        row = st.lists(st.integers(0, 1), min_size=len(kind.keys), max_size=len(kind.keys))
        return st.lists(row, min_size=len(kind.queries), max_size=len(kind.queries))
    if kind.name == "switchboard":
        return st.lists(st.booleans(), min_size=4, max_size=4)
    if kind.name == "match":
        return st.fixed_dictionaries({key: st.sampled_from(["", *kind.right]) for key in kind.left})
    if kind.name == "written":
        return st.text() | st.sampled_from([reference[:300], reference, reference.replace("1", "")])
    if kind.name == "run":
        first, *others = reference if kind.rows else [reference]
        changes = st.fixed_dictionaries({}, optional=dict.fromkeys(first, plain))
        return changes.map(lambda change: [first | change, *others] if kind.rows else first | change)
    shape = st.lists(st.integers(1, 20), max_size=5)
    return st.fixed_dictionaries({key: shape | st.just(reference[key]) for key in reference})


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("exercise", DATA, ids=lambda exercise: exercise.id)
def test_only_right_answers_of_the_right_form_score_one(exercise, data):
    value = data.draw(near_answers(exercise))
    verdict = exercise.check(value)
    assert verdict.counted or verdict.score == 0
    assert 0 <= verdict.score <= 1
    assert (verdict.score == 1) == (verdict.misconception is None and verdict.counted)
    # Pure, and the stored form grades like the answer itself.
    stored, again = exercise.read(value)
    assert again == verdict
    if verdict.counted:
        assert exercise.check(stored) == verdict


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    exercise=st.sampled_from([each for each in EXERCISES if each.kind.runs_code]), source=st.text(max_size=60)
)
def test_code_from_any_text(exercise, source):
    function = f"def {exercise.kind.function}(*inputs):\n    return {source!r}\n"
    for value in (source, function):
        assert 0 <= exercise.check(value).score < 1


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_tried_here(kind):
    assert any(isinstance(exercise.kind, kind) for exercise in EXERCISES)


def test_functions_with_evil_results():
    exercise = find("04.code.attention")

    def returns_evil(queries, keys, values, mask):
        return Evil()

    def raises_evil(queries, keys, values, mask):
        class Problem(Exception):
            __str__ = Evil._refuse

        raise Problem

    def never_ends_well(queries, keys, values, mask):
        return never_ends_well(queries, keys, values, mask)

    for function in (returns_evil, raises_evil, never_ends_well):
        verdict = exercise.check(function)
        assert verdict.score < 0.5
        assert 10 < len(verdict.message) < 500
