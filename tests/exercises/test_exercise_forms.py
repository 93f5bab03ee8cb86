"""Whatever form a learner would write an answer in is read: `forms.yaml`, for the variant of nobody in particular."""

from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml

from destructure.exercises.catalogue import find
from destructure.exercises.kinds import isolation

FORMS = yaml.safe_load((Path(__file__).parent / "forms.yaml").read_text(encoding="utf-8"))
RIGHT = [(id, form) for id, forms in FORMS["right"].items() for form in forms]


@pytest.mark.parametrize(("id", "form"), RIGHT, ids=lambda text: text.splitlines()[-1].strip()[:40])
def test_a_right_answer_is_right_in_this_form(id, form):
    verdict = find(id).check(form)
    assert verdict.score == 1, verdict.message


@pytest.mark.parametrize(
    ("id", "value"),
    [
        ("00.number.hit", Decimal("63.4")),
        ("08.number.corrected", Fraction(1, 16)),
        ("08.number.interaction", Decimal("-0.15")),
        ("03.shapes.pipeline", list(map(torch.Size, find("03.shapes.pipeline").reference.values()))),
        ("04.shapes.cross", [str(torch.Size(shape)) for shape in find("04.shapes.cross").reference.values()]),
        ("04.shapes.cross", [list(map(float, shape)) for shape in find("04.shapes.cross").reference.values()]),
        ("00.match.falls", {f"curve {key}": part.upper() for key, part in find("00.match.falls").reference.items()}),
        ("04.switchboard.memory", [1, 1, 1, 1]),
        ("04.switchboard.memory", {f"s{number}": 1 for number in range(1, 5)}),
    ],
)  # fmt: skip
def test_objects_that_learners_have_at_hand(id, value):
    assert find(id).check(value).score == 1


@pytest.mark.parametrize(("id", "form", "score", "says"), FORMS["told"], ids=lambda value: str(value)[:30])
def test_a_wrong_answer_is_told_what_is_wrong(id, form, score, says, monkeypatch):
    monkeypatch.setattr(isolation, "SECONDS", 3)
    verdict = find(id).check(form)
    assert (verdict.score, says in verdict.message) == (score, True), verdict.message


@pytest.mark.parametrize("form", FORMS["asked back"])
def test_what_may_mean_two_things_is_asked_back(form):
    verdict = find("02.number.counting").check(form)
    assert not verdict.counted
    assert "two ways; write" in verdict.message


class Envelope(torch.nn.Module):
    def forward(self, performance):
        return torch.tensor(performance).cummax(0).values


def envelope(performance, start=None):
    best = performance[:1] if start is None else start
    for value in performance[1:]:
        best = [*best, max(value, best[-1])]
    return best


class Callable:
    def __call__(self, performance):
        return envelope(performance)


@pytest.mark.parametrize(
    "function", [Envelope(), Callable(), partial(envelope, start=None), Callable().__call__]
)
def test_everything_that_can_be_called_is_a_function(function):
    verdict = find("02.code.envelope").check(function)
    assert verdict.score == 1, verdict.message


def test_the_state_of_the_notebook_does_not_matter():
    """Another default device or type, or gradients switched off, stays as it is, and the check is as always."""
    torch.set_default_device("meta")
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    try:
        exercise = find("03.code.look_back")
        assert exercise.check(exercise.reference).score == 1
        state = torch.get_default_device().type, torch.get_default_dtype(), torch.is_grad_enabled()
        assert state == ("meta", torch.float64, False)
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
