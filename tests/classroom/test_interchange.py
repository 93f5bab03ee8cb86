"""The same homework and class in nbgrader: what it is given and, where it is installed, what it makes of it."""

import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
import yaml
from classroom_of import DATA

from destructure.classroom import interchange
from destructure.classroom.run import grade_class

WEEK = {
    "title": "Week 4",
    "points": {id: most for id, most in DATA.points.items() if "prediction" not in id},
    "due": "2027-02-01T18:00+00:00",
    "late": {"per_day": 25, "at_most": 50},
    "extensions": {"cem": "2027-02-08T18:00+00:00"},
}
COLLECTED = {"anna": "01T12:00", "ben": "03T12:00", "cem": "05T12:00", "dora": "09T12:00", "eve": "01T12:00"}
HALF = "def shift_right(target, begin):\n    return target"


def course_of(tmp_path, hand_in, more=None):
    """An nbgrader course with a class in which everything happens; here it is graded already."""
    path = tmp_path / "week4.yaml"
    path.write_text(yaml.safe_dump(WEEK | {"points": WEEK["points"] | (more or {})}))
    homework = interchange.read_set(path)
    for student in COLLECTED:
        wrong = {"04.number.cross_share": 1} if student in ("ben", "cem") else {}
        hand_in(student, homework, **wrong, **({"04.code.shift": HALF} if wrong and more else {}))
    (tmp_path / "class" / "week4__eve.zip").write_bytes(b"nothing")
    rows = [f"week4__{name}.zip,2027-02-{when}+00:00" for name, when in COLLECTED.items()]
    (tmp_path / "collected.csv").write_text("\n".join(["file,collected", *rows]))
    (tmp_path / "roster.csv").write_text("\n".join(["student", *COLLECTED, "otto"]))
    options = {"roster": tmp_path / "roster.csv", "collected": tmp_path / "collected.csv", "workers": 1}
    options |= {"without_isolation": True, "nbgrader": tmp_path / "course"}
    told = grade_class(tmp_path / "class", str(path), tmp_path / "out", tmp_path / "staff.key", **options)
    assert "nbgrader generate_assignment week4; nbgrader autograde week4" in told[-1]
    assert "Not in nbgrader, whose students are names of folders: (week4__eve.zip)." in told
    return tmp_path / "course"


def test_cells_of_nbgrader_give_the_points_and_say_why(tmp_path, hand_in, monkeypatch, capsys):
    course = course_of(tmp_path, hand_in)
    for student, sender in (("anna", "anna"), ("ben", "mallory")):
        here = course / "autograded" / sender / "week4"
        shutil.copytree(course / "submitted" / student / "week4", here)
        monkeypatch.chdir(here)
        found = [interchange.points(id) for id in WEEK["points"] if "written" not in id]
        assert found == ([4, 3, 2, 2, 2] if student == sender else [0] * 5)
    assert "it names 'ben', who did not submit it" in capsys.readouterr().out
    config = SimpleNamespace(**json.loads((course / interchange.SETTINGS).read_text()))
    policy = SimpleNamespace(config=config, parent=SimpleNamespace(assignment_id="week4"))
    penalty = interchange.LatePolicy.late_submission_penalty
    assert penalty(policy, "ben", 10.0, 42 * 3600) == 5
    assert penalty(policy, "cem", 10.0, 90 * 3600) == 0
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert interchange.question("04.mask.decoder") is None
    monkeypatch.delenv("NBGRADER_EXECUTION")
    assert type(interchange.question("04.mask.decoder")).__name__ == "ExerciseWidget"


@pytest.mark.slow
def test_nbgrader_exports_what_the_gradebook_says(tmp_path, hand_in):
    pytest.importorskip("nbgrader", reason="nbgrader is not installed (the extra `nbgrader`)")
    from nbgrader.api import Gradebook

    course = course_of(tmp_path, hand_in, {"04.code.shift": 4})
    due = "--duedate=2027-02-01 18:00:00 UTC"
    nbgrader(course, "db", "assignment", "add", "week4", due)
    nbgrader(course, "db", "student", "import", "students.csv")
    for step in ("generate_assignment", "autograde", "generate_feedback"):
        nbgrader(course, step, "week4")
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        grade = book.find_grade("04-written-shift", "week4", "week4", "anna")
        assert grade.needs_manual_grade
        grade.manual_score, grade.needs_manual_grade = 4.5, False
        book.db.commit()
    nbgrader(course, "export")
    by_hand = tmp_path / "out" / "by_hand.csv"
    by_hand.write_text(by_hand.read_text().replace("anna,04.written.shift,,", "anna,04.written.shift,4.5,"))
    options = {"roster": tmp_path / "roster.csv", "collected": tmp_path / "collected.csv", "workers": 1}
    grade_class(tmp_path / "class", str(tmp_path / "week4.yaml"), tmp_path / "out", tmp_path / "staff.key",
                without_isolation=True, **options)  # fmt: skip
    theirs, ours = (pd.read_csv(path) for path in (course / "grades.csv", tmp_path / "out" / "gradebook.csv"))
    both = [name for name in theirs if name in ours]
    assert {"assignment", "duedate", "timestamp", "student_id", "raw_score", "score", "max_score"} <= {*both}
    ours = ours[ours.student_id.isin(theirs.student_id)].sort_values("student_id", ignore_index=True)
    theirs = theirs.sort_values("student_id", ignore_index=True)
    pd.testing.assert_frame_equal(ours[both], theirs[both], check_dtype=False)
    assert list(theirs.student_id) == ["anna", "ben", "cem", "dora", "eve", "otto"]
    assert list(theirs.score[[0, 3, 4, 5]]) == [21.5, 8.5, 0, 0]
    assert list(theirs.late_submission_penalty > 0) == [False, True, False, True, False, False]
    released = (course / "release" / "week4" / "week4.ipynb").read_text()
    assert "points(" not in released
    assert "question(" in released
    for student in ("anna", "ben", "cem", "dora"):
        page = course / "feedback" / student / "week4" / "week4.html"
        assert "shift_right agrees with the reference" in page.read_text() or student in ("ben", "cem")
        notebook = nbformat.read(course / "autograded" / student / "week4" / "week4.ipynb", 4)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
        assert not [one for one in outputs if one.get("name") == "stderr" or one.output_type == "error"]


def nbgrader(course, *step):
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # it calls alembic
    command, variables = [sys.executable, "-m", "nbgrader", *step], os.environ | {"PATH": path}
    done = subprocess.run(command, cwd=course, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
