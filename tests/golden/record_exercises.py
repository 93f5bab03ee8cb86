"""Every exercise, six students, right, wrong and hostile answers: score, message and name of the mistake.

The answers themselves stand in the record, so the comparison works wherever the definitions have moved.
"""

import math

import numpy as np
import stored

from destructure.exercises.catalogue import every

STUDENTS = ["", *(f"student {number}" for number in range(5))]


class Evil:
    """An object that refuses to be looked at."""

    def _refuse(self, *arguments):
        raise RuntimeError("no")

    __eq__ = __ne__ = __lt__ = __iter__ = __len__ = __bool__ = __repr__ = __str__ = __hash__ = _refuse
    __getattr__ = __getitem__ = __int__ = __float__ = _refuse


def _nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


HOSTILE = {
    "nothing": None,
    "empty": "",
    "true": True,
    "nan": math.nan,
    "infinity": -math.inf,
    "huge number": 10**5000,
    "many characters": "a" * 10**5,
    "many items": [0] * 10**5,
    "deep": _nested(50),
    "deeper than Python": _nested(5000),
    "bytes": b"\xff\xfe",
    "nul and surrogate": "\x00\ud800",
    "a class": Evil,
    "an evil object": Evil(),
    "a set": {1, 2},
    "a complex number": 1 + 2j,
    "a builtin": len,
    "an array of NaN": np.full((4, 4), np.nan),
    "numbers as names": {1: 2},
    "an evil name": {"guess": Evil(), "low": 0, "high": 1},
    "nested nan": [[math.nan] * 4] * 4,
    "dictionary of dictionaries": {"memory": {"memory": {}}},
    "html": "<script>alert(1)</script>",
    "a very long word list": ",".join(["ids"] * 500),
    "division by zero": "1/0",
    "tuple of text nan": ("nan", "nan", "nan"),
    "not Python": "def f(:",
    "Python that raises": "raise SystemExit(3)",
    "Python that exits later": "def anything(*inputs):\n    raise SystemExit",
}


def _packed(value):
    """JSON that remembers which list was a tuple."""
    if isinstance(value, tuple):
        return {"a tuple of": [_packed(each) for each in value]}
    if isinstance(value, list):
        return [_packed(each) for each in value]
    return {key: _packed(each) for key, each in value.items()} if isinstance(value, dict) else value


def _unpacked(value):
    if isinstance(value, dict) and list(value) == ["a tuple of"]:
        return tuple(_unpacked(each) for each in value["a tuple of"])
    if isinstance(value, dict):
        return {key: _unpacked(each) for key, each in value.items()}
    return [_unpacked(each) for each in value] if isinstance(value, list) else value


def _answers(exercise):
    """Name → answer, from the definitions as they lay when the record was made."""
    from destructure.exercises.wrong_answers import wrong_answers

    wrong = {f"wrong: {name}": one.value for name, one in wrong_answers(exercise).items()}
    right = {f"right: {name}": value for name, value in exercise.also_right.items()}
    return {"reference": exercise.reference, **right, **wrong}


def _told(exercise, value):
    verdict = exercise.check(value)
    return [verdict.score, verdict.message, verdict.misconception]


def record(old):
    """Exercise → what was asked of it; student → answers with what each is told."""
    found = {}
    for student in STUDENTS:
        for exercise in every(student=student):
            entry = found.setdefault(exercise.id, {"hostile": {}, "students": {}})
            asked = "\n".join([exercise.title, exercise.question, exercise.solution, *exercise.hints])
            if old is None:
                answers = {name: _packed(value) for name, value in _answers(exercise).items()}
            else:
                students = old.get(exercise.id, {"students": {}})["students"]
                answers = students.get(student, students.get("", {"answers": {}}))["answers"]
                answers = {name: one["value"] for name, one in answers.items()}
            told = {n: {"value": v, "told": _told(exercise, _unpacked(v))} for n, v in answers.items()}
            text = " ".join(asked.split())
            entry["students"][student] = {"text": text, "answers": told}
            if student == "":
                entry["hostile"] = {name: _told(exercise, value) for name, value in HOSTILE.items()}
    return found


if __name__ == "__main__":
    stored.run("exercises.json", record)
