"""A class hands in, is graded, marked by hand, graded again: what staff rely on."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import nbformat
import pytest
from classroom_of import CODE, DATA, TEXT, record_of

from destructure.classroom import gradebook, homework, run, sandbox
from destructure.classroom.homework import read_set
from destructure.classroom.reports import class_report
from destructure.classroom.sandbox import NONE
from destructure.classroom.submission import pack, read
from destructure.exercises import answer, every, find, sign_in
from destructure.files import notebooks_folder

SECRET = b"a secret"


def graded(folder, out, homework=DATA, how=NONE):
    return list(gradebook.grade_folder(folder, homework, out, SECRET, how, workers=1))


def lines_of(folder, out, homework=DATA, by_hand=(), roster=None, times=None):
    marks = graded(folder, out, homework)
    return gradebook.rows(marks, homework, times or gradebook.collection_times(folder), dict(by_hand), roster)


def test_right_answers_earn_all_points_and_a_text_waits_for_a_person(tmp_path, hand_in):
    hand_in("anna")
    (row,) = lines_of(tmp_path / "class", tmp_path / "out")
    assert row.waiting == ["04.written.shift"]
    assert row.total == 14
    by_hand = tmp_path / "out" / "by_hand.csv"
    assert gradebook.extend_by_hand(by_hand, [row], DATA) == 1
    text = by_hand.read_text()
    assert TEXT[:40] in text
    by_hand.write_text(text.replace("04.written.shift,,6", '04.written.shift,"4,5",6'))
    marks = gradebook.read_by_hand(by_hand, DATA)
    (row,) = lines_of(tmp_path / "class", tmp_path / "out", by_hand=marks)
    assert (row.total, row.waiting) == (18.5, [])
    assert gradebook.extend_by_hand(by_hand, [row], DATA) == 0  # and what a person wrote is still there
    assert "4,5" in by_hand.read_text()


@pytest.mark.parametrize("points", ["7", "-1", "many", "nan"])
def test_points_by_hand_outside_the_exercise_are_one_sentence(tmp_path, points):
    path = tmp_path / "by_hand.csv"
    path.write_text(f"student,exercise,points,of,comment,text\nanna,04.written.shift,{points},6,,\n")
    with pytest.raises(ValueError, match="line 2: points must be a number from 0 to 6"):
        gradebook.read_by_hand(path, DATA)


def test_marks_in_the_answers_file_count_for_nothing(tmp_path, hand_in):
    wrong = {"04.number.cross_share": 1, "04.choice.teacher_forcing": "a"}
    hand_in("eve", **wrong)  # whose records all say score 1, best 1
    (row,) = lines_of(tmp_path / "class", tmp_path / "out")
    assert row.points["04.number.cross_share"] == 0
    assert row.points["04.mask.decoder"] == 4


def test_an_answer_to_another_students_variant_or_another_edition_earns_nothing(tmp_path, hand_in):
    hand_in("a1", change=lambda records: records | {"04.shapes.cross": record_of("04.shapes.cross", "b7")})
    (row,) = lines_of(tmp_path / "class", tmp_path / "out")
    assert row.points["04.shapes.cross"] == 0
    assert "another student's variant" in row.marks["04.shapes.cross"].message


def test_late_work_is_judged_by_when_it_was_collected(tmp_path, hand_in):
    path = hand_in("anna")
    due = datetime(2027, 2, 1, 18, tzinfo=UTC)
    homework = replace(DATA, due=due, late={"grace_minutes": 30, "per_day": 25, "at_most": 60})
    for late, share in ((-1, 1), (0.4, 1), (0.6, 0.75), (25, 0.5), (24 * 9, 0.4)):
        times = {path.name: due + timedelta(hours=late)}
        (row,) = lines_of(tmp_path / "class", tmp_path / "out", homework, times=times)
        assert (row.share, row.total) == (pytest.approx(share), pytest.approx(14 * share))
    extended = replace(homework, extensions={"anna": due + timedelta(days=9)})
    times = {path.name: due + timedelta(days=8)}
    (row,) = lines_of(tmp_path / "class", tmp_path / "out", extended, times=times)
    assert row.share == 1


def test_of_several_submissions_the_last_or_the_best_counts(tmp_path, hand_in):
    good = hand_in("anna")
    worse = hand_in("anna", **{"04.number.cross_share": 1})
    assert good != worse
    times = {good.name: datetime(2027, 1, 1, tzinfo=UTC), worse.name: datetime(2027, 1, 2, tzinfo=UTC)}
    for counts, total in (("last", 12), ("best", 14)):
        (row,) = lines_of(tmp_path / "class", tmp_path / "out", replace(DATA, counts=counts), times=times)
        assert row.total == total


def test_nobody_hands_in_for_somebody_else(tmp_path, hand_in):
    roster = {"anna": "anna_17/", "eve": "eve_18/", "otto": ""}
    hand_in("anna", folder=tmp_path / "class" / "anna_17")
    hand_in("anna", folder=tmp_path / "class" / "eve_18", **{"04.number.cross_share": 1})
    lines = {row.student: row for row in lines_of(tmp_path / "class", tmp_path / "out", roster=roster)}
    assert lines["anna"].total == 14
    assert lines["otto"].refused == "Nothing was handed in."
    (forged,) = [row for name, row in lines.items() if "eve_18/" in name]
    assert "was not sent by 'anna_17/'" in forged.refused


def test_everything_is_written_and_a_second_grading_says_what_changed(tmp_path, hand_in, monkeypatch):
    for student in ("anna", "=cmd|' /C calc'!A0", "<script>alert(1)</script>"):
        hand_in(student, **({"04.number.cross_share": 1} if student == "anna" else {}))
    monkeypatch.setattr(homework, "read_set", lambda name: DATA)
    out = tmp_path / "out"
    (tmp_path / "none").mkdir()
    go = lambda: run.grade_class(tmp_path / "class", "week4", out, tmp_path / "staff.key", workers=1)  # noqa: E731
    with pytest.raises(ValueError, match="There is no zip in"):
        run.grade_class(tmp_path / "none", "week4", out, tmp_path / "staff.key", workers=1)
    said = go()
    assert "3 submissions of 3 students" in said[0]
    assert os.stat(tmp_path / "staff.key").st_mode & 0o077 == 0
    book = (out / "gradebook.csv").read_text()
    assert ",'=cmd" in book
    assert "<script>" not in (out / "class.html").read_text()
    assert len(list((out / "feedback").iterdir())) == 3
    assert all("<script>" not in page.read_text() for page in (out / "feedback").iterdir())
    assert csv.DictReader(io.StringIO((out / "canvas.csv").read_text())).fieldnames[-1] == "Week 4"
    by_hand = out / "by_hand.csv"
    by_hand.write_text(by_hand.read_text().replace("anna,04.written.shift,,", "anna,04.written.shift,6,"))
    assert "4 entries differ" in " ".join(go())
    assert "anna,score,12,18" in (out / "changes.csv").read_text()
    assert "0 entries differ" in " ".join(go())


def test_a_grading_that_was_killed_goes_on_to_the_same_gradebook(tmp_path, hand_in):
    for number in range(12):
        hand_in(f"s{number}", **({"04.number.cross_share": 1} if number % 3 else {}))
    whole = gradebook.gradebook(lines_of(tmp_path / "class", tmp_path / "whole"), DATA, SECRET)
    code = (
        "import sys; sys.path.insert(0, sys.argv[3])\nfrom pathlib import Path\nfrom test_classroom import graded\n"
        "graded(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    out = tmp_path / "killed"
    command = [sys.executable, "-c", code, tmp_path / "class", out, os.path.dirname(__file__)]
    child = subprocess.Popen(command, start_new_session=True)
    while len(list(out.glob("marks/*.json"))) < 4:
        assert child.poll() is None
        time.sleep(0.002)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert gradebook.gradebook(lines_of(tmp_path / "class", out), DATA, SECRET).equals(whole)


def test_a_grader_that_fails_is_said_and_not_remembered(tmp_path, hand_in, monkeypatch):
    hand_in("anna")
    with monkeypatch.context() as broken:
        broken.setattr(gradebook, "grade", int)
        (row,) = lines_of(tmp_path / "class", tmp_path / "out")
    assert row.refused == "Not graded: the grader failed (TypeError); grade again."
    (row,) = lines_of(tmp_path / "class", tmp_path / "out")
    assert (row.refused, row.total) == ("", 14)


def test_shipped_sets_hold_the_tasks_and_broken_ones_are_one_sentence(tmp_path):
    shipped = sorted((notebooks_folder() / "homework").glob("*.yaml"))
    assert len(shipped) >= 13
    for path in shipped:
        assert read_set(path.stem).points
    predictions = [one.id for one in every() if one.kind.name == "prediction"]
    assert sorted(read_set("predictions").points) == sorted(predictions)
    for text, says in {
        "[": "it is not YAML",
        "title: x": "'points' is a required property",
        "points: {04.mask.nothing: 1}": "There is no exercise",
        "points: {04.mask.decoder: -1}": "points.04.mask.decoder: -1 is less than",
        "points: {04.mask.decoder: 1}\ndue: soon": "is no date and time",
        "points: {04.mask.decoder: 1}\nlate: {per_day: x}": "late.per_day: 'x' is not of type",
        "points: {04.mask.decoder: 1}\ncounts: first": "counts: 'first' is not one of",
        "points: {04.mask.decoder: 1}\nextra: 1": "'extra' was unexpected",
    }.items():
        path = tmp_path / "set.yaml"
        path.write_text(text)
        with pytest.raises(ValueError, match=says):
            read_set(path)
    with pytest.raises(ValueError, match="There is no homework set"):
        read_set("nonsense")


@pytest.mark.slow
def test_a_submission_of_code_is_graded_in_the_sandbox(tmp_path, hand_in):
    endless = "def shift_right(target, begin):\n    raise SystemExit"
    hand_in("anna", CODE)
    hand_in("eve", CODE, **{"04.code.shift": endless})
    hand_in(
        "otto", CODE, change=lambda own: {id: replace(one, checked="#" * 9**5) for id, one in own.items()}
    )
    how = sandbox.isolation(CODE.points, allow_none=True)
    marks = {one.student: one.marks for one in graded(tmp_path / "class", tmp_path / "out", CODE, how)}
    assert [mark.score for mark in marks["anna"].values()] == [1, 1]
    assert [mark.score for mark in marks["eve"].values()] == [0, 1]
    assert "raised SystemExit" in marks["eve"]["04.code.shift"].message
    assert "59049 characters long" in marks["otto"]["04.code.shift"].message


def test_what_is_kept_of_a_students_answers_is_handed_in(tmp_path, monkeypatch):
    monkeypatch.setenv("DESTRUCTURE_WORK", str(tmp_path))
    with pytest.raises(ValueError, match="Nobody is signed in"):
        pack(DATA, tmp_path)
    sign_in("anna")
    answer("04.number.cross_share", find("04.number.cross_share", "anna").reference)
    nbformat.write(notebook_that_prints("my loss: 3"), tmp_path / "04_encoder_decoder.ipynb")
    path, receipt, missing = pack(DATA, tmp_path / "class", tmp_path)
    assert len(missing) == len(DATA.points) - 1
    digest, manifest, _ = read(path)
    assert (digest, manifest["student"]) == (receipt, "anna")
    with zipfile.ZipFile(path) as archive:
        assert archive.read("outputs/04.txt") == b"my loss: 3"
    (row,) = lines_of(tmp_path / "class", tmp_path / "out")
    assert (row.total, row.marks["04.mask.decoder"].counted) == (2, False)


def notebook_that_prints(text):
    output = nbformat.v4.new_output("stream", text=text)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("run()", outputs=[output])])


def test_a_class_report_can_name_nobody(tmp_path, hand_in):
    for student in ("xanthippe", "yorick"):
        hand_in(student, **{"04.number.cross_share": 1})
    (tmp_path / "class" / "eve.zip").write_bytes(b"")
    lines = lines_of(tmp_path / "class", tmp_path / "out")
    named, nameless = (class_report(lines, DATA, anonymous) for anonymous in (False, True))
    assert all(name in named for name in ("xanthippe, yorick", "eve.zip"))
    assert not any(name in nameless for name in ("xanthippe", "yorick", "eve.zip"))
    assert "letter for letter: student 2, student 3" in nameless
