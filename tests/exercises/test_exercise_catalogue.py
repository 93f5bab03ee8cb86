"""One test over every exercise of the course, now and later: it can tell right from wrong."""

import re
import subprocess
import sys
from collections import Counter

import pytest
from wrong_answers import Wrong, wrong_answers

from destructure.exercises.catalogue import every, find, notebooks, task

EXERCISES = list(every())
STUDENTS = [f"student {number}" for number in range(5)]

each = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)


def other_forms(exercise):
    """Other ways to write the right answer: those of the sheet, and those that its kind always accepts."""
    kind, reference = exercise.kind, exercise.reference
    forms = dict(exercise.also_right)
    if kind.name == "choice":
        keys = [option.key for option in kind.options]
        letters = ["abcdefgh"[keys.index(key)] for key in (reference if kind.several else [reference])]
        texts = [option.text for option in kind.options if option.is_right]
        forms |= {
            "letters": ", ".join(letters).upper() if kind.several else letters[0].upper(),
            "texts": texts,
        }
    elif kind.name == "number":
        forms |= {"with its unit": f"{reference} {kind.unit}", "not rounded": kind.answer}
        forms |= {"as a division": f"{16 * kind.answer}/16", "in another unit": _in_another_unit(kind)}
    elif kind.name == "prediction":
        forms |= {"in order": [reference[part] for part in ("guess", "low", "high")]}
        forms |= {"as text": {part: f"{value} {kind.unit}" for part, value in reference.items()}}
        edge = kind.lowest + 0.1 * (kind.highest - kind.lowest)
        forms |= {"another guess": (edge, kind.lowest, 1.5 * edge - 0.5 * kind.lowest)}
    elif kind.name == "mask":
        forms |= {"as text": "\n".join("".join(map(str, row)) for row in reference)}
        forms |= {"as truth values": [[bool(cell) for cell in row] for row in reference]}
    elif kind.name == "switchboard":
        forms |= {"as truth values": [part != "--" for part in reference.split()]}
    elif kind.name == "match":
        forms |= {"in order": list(reference.values())}
        forms |= {"in full words": {key: kind.right[partner].text for key, partner in reference.items()}}
    elif kind.name == "shapes":
        forms |= {"as text": {key: str(tuple(shape)) for key, shape in reference.items()}}
        forms |= {"with crosses": {key: " x ".join(map(str, shape)) for key, shape in reference.items()}}
    return forms


def _in_another_unit(kind):
    unit, factor = next(iter(kind.other_units.items()), (kind.unit, 1))
    return f"{kind.answer / factor} {unit}"


def faults(exercise, wrong: dict[str, Wrong]) -> list[str]:
    """Everything in which an exercise's check falls short of telling right from wrong."""
    found = []
    for name, value in {"reference": exercise.reference, **other_forms(exercise)}.items():
        verdict = exercise.check(value)
        if not (verdict.score == 1 and verdict.misconception is None and verdict.counted):
            found.append(f"right answer {name!r}: {verdict}")
    if len(wrong) < 3:
        found.append(f"only {len(wrong)} named wrong answers")
    verdicts = {name: exercise.check(one.value) for name, one in wrong.items()}
    for name, verdict in verdicts.items():
        if not (0 <= verdict.score < 1) or not verdict.misconception:
            found.append(f"wrong answer {name!r} scores {verdict.score} as {verdict.misconception!r}")
        if wrong[name].says not in verdict.message:
            found.append(f"wrong answer {name!r} is told {verdict.message!r}")
    demands = getattr(exercise.kind, "requirements", getattr(exercise.kind, "mentions", ()))
    if idle := {one.name for one in demands} - {verdict.misconception for verdict in verdicts.values()}:
        found.append(f"refuse nothing: {sorted(idle)}")
    messages = Counter(verdict.message for verdict in verdicts.values())
    found += [f"shows *: {text!r}" for text in messages if re.search(r"(?<![\w*])\*[a-z]+\*(?!\w)", text)]
    found += [f"told for several wrong answers: {text!r}" for text, count in messages.items() if count > 1]
    return found


@each
def test_tells_right_from_wrong(exercise):
    assert faults(exercise, wrong_answers(exercise)) == []
    for student in STUDENTS if exercise.parameters else ():
        variant = find(exercise.id, student)
        assert faults(variant, wrong_answers(variant, student)) == [], student


def test_the_test_above_can_fail():
    exercise = find("04.mask.decoder")
    wrong = wrong_answers(exercise)
    assert any("only 0" in fault for fault in faults(exercise, {}))
    blind = Wrong(exercise.reference, "Right")
    assert any("scores 1" in fault for fault in faults(exercise, wrong | {"blind": blind}))
    twice = Wrong(wrong["future leak"].value, wrong["future leak"].says)
    assert any("several" in fault for fault in faults(exercise, wrong | {"twice": twice}))
    mute = Wrong(wrong["future leak"].value, "something else")
    assert any("is told" in fault for fault in faults(exercise, wrong | {"mute": mute}))


def test_a_student_who_does_everything_wrong_at_once_is_not_right():
    nonsense = "def multi_head_attention(states, memory, mask, weights, heads):\n    return states * 0.5\n"
    verdict = find("04.code.multi_head").check(nonsense)
    assert verdict.score < 0.5
    assert verdict.misconception == "hidden memory is read" or verdict.misconception == "output matrix unused"


@pytest.mark.parametrize("number", [each for each in notebooks() if task(each)])
def test_a_task_is_one_piece_of_work(number):
    steps = [find(id) for id in task(number).steps]
    assert 20 <= sum(step.minutes for step in steps) <= 40
    assert (len(steps) >= 3, steps[-1].kind.name) == (True, "written")


@each
def test_header_is_complete(exercise):
    for text in (exercise.title, exercise.question, exercise.objective, exercise.solution, *exercise.hints):
        assert len(text) > 4
        assert "\u2014" not in text
    assert len(set(exercise.hints)) == 3
    assert exercise.minutes <= 20
    assert exercise.talk_address.endswith("s")


@each
def test_nothing_is_right_before_it_is_answered(exercise):
    for value in (None, "", [], {}):
        verdict = exercise.check(value)
        assert (verdict.score, verdict.counted) == (0, False)
        assert len(verdict.message) > 10


def test_unknown_exercise_is_one_clear_sentence():
    with pytest.raises(ValueError, match=r"no exercise '04.mask.decodr'; did you mean '04.mask.decoder'"):
        find("04.mask.decodr")
    for id in ("", "99.x.y", 4, None, "04", "x" * 1000):
        close = "'; did you mean '04." if str(id).endswith("4") else "'; did"
        with pytest.raises(ValueError, match=f"There is no exercise '.*{close}"):
            find(id)


@pytest.mark.slow
def test_listing_showing_and_checking_needs_no_torch():
    program = (
        "import sys\n"
        "from destructure.exercises.catalogue import every\n"
        "from destructure.exercises import exercise, answer, progress_panel\n"
        "for one in every():\n"
        "    exercise(one.id)._repr_mimebundle_()\n"
        "    one.kind.runs_code or answer(one.id, one.reference)\n"
        "progress_panel()\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
        "assert 'matplotlib' not in sys.modules, 'matplotlib was imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
