"""Forty and more kinds of bad submission among two hundred good ones: no harm, no stop, a reason for each."""

import contextlib
import hashlib
import io
import json
import random
import struct
import time
import zipfile
from pathlib import Path

import pytest
from classroom_of import CODE, DATA, zip_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from destructure.classroom import gradebook
from destructure.classroom.grading import grade
from destructure.classroom.homework import Refused
from destructure.classroom.sandbox import NONE, isolation
from destructure.classroom.submission import read
from destructure.exercises.catalogue import find


def unpacked(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files, manifest=None, method=zipfile.ZIP_DEFLATED):
    """A zip whose manifest fits its files, unless it is told otherwise."""
    told = json.loads(files["manifest.json"]) if manifest is None else manifest
    others = {name: content for name, content in files.items() if name != "manifest.json"}
    told = told | {"files": {name: hashlib.sha256(content).hexdigest() for name, content in others.items()}}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in {"manifest.json": json.dumps(told).encode(), **others}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_entry(files, name, content=b"x", attribute=0, twice=False):
    buffer = io.BytesIO(packed(files))
    with zipfile.ZipFile(buffer, "a") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = attribute << 16
        archive.writestr(entry, content)
        if twice:
            archive.writestr(name, content)
    return buffer.getvalue()


def answers_as(change):
    def make(files):
        answers = json.loads(files["answers.json"])
        return packed(files | {"answers.json": json.dumps(change(answers)).encode()})

    return make


def record_as(id, **fields):
    return answers_as(lambda answers: answers | {id: answers[id] | fields})


def every_as(**fields):
    return answers_as(lambda answers: {id: record | fields for id, record in answers.items()})


def deep(depth):
    return b"[" * depth + b"]" * depth


def manifest_as(**fields):
    return lambda files: packed(files, json.loads(files["manifest.json"]) | fields)


def bomb(size):
    return lambda files: packed(files | {"outputs/04.txt": b"0" * size})


MASK, NUMBER, WRITTEN = "04.mask.decoder", "04.number.cross_share", "04.written.shift"
REFUSED = {
    "empty file": lambda files: b"",
    "text": lambda files: b"I did it, believe me",
    "cut off": lambda files: packed(files)[:-40],
    "first half gone": lambda files: packed(files)[200:],
    "a byte changed": lambda files: packed(files).replace(b"answers.json", b"answers.jsoN", 1),
    "no manifest": lambda files: packed(files).replace(b"manifest.json", b"manifesT.json"),
    "manifest is a list": lambda files: with_entry({"manifest.json": b"{}"}, "answers.json"),
    "another schema": manifest_as(schema=2),
    "no student": manifest_as(student=""),
    "student is a list": manifest_as(student=["anna"]),
    "student of many lines": manifest_as(student="anna\notto"),
    "student a megabyte long": manifest_as(student="a" * 10**6),
    "editions are a text": manifest_as(editions="all"),
    "another homework": manifest_as(homework="week5"),
    "answers changed afterwards": lambda files: with_entry(files, "answers.json", b"{}"),
    "answers are a list": lambda files: packed(files | {"answers.json": b"[]"}),
    "answers are not JSON": lambda files: packed(files | {"answers.json": b"{'a': 1}"}),
    "answers nested deep": lambda files: packed(files | {"answers.json": deep(100_000)}),
    "answers of 3 MB": lambda files: packed(files | {"answers.json": b" " * 3 * 2**20 + b"{}"}),
    "answers with a huge number": lambda files: packed(files | {"answers.json": b"9" * 10**5}),
    "absolute name": lambda files: with_entry(files, "/etc/passwd"),
    "name that climbs": lambda files: with_entry(files, "../../escaped.txt"),
    "name that climbs inside": lambda files: with_entry(files, "code/../../escaped.py"),
    "backslashes": lambda files: with_entry(files, "..\\escaped.txt"),
    "a drive": lambda files: with_entry(files, "C:/escaped.txt"),
    "a folder": lambda files: with_entry(files, "code/"),
    "a link": lambda files: with_entry(files, "outputs/05.txt", b"/etc/passwd", 0o120777),
    "a pickle": lambda files: with_entry(files, "answers.pkl", b"cos\nsystem\n(S'touch /tmp/escaped'\ntR."),
    "a program": lambda files: with_entry(files, "conftest.py"),
    "a file twice": lambda files: with_entry(files, "outputs/06.txt", twice=True),
    "another manifest": lambda files: with_entry(files, "manifest.json", b"{}"),
    "a file that is not listed": lambda files: with_entry(files, "outputs/07.txt"),
    "a thousand files": lambda files: packed(files | {f"code/04.code.a{n}.py": b"" for n in range(1000)}),
    "a bomb": bomb(10**8),
    "a bomb said small": lambda files: bomb(10**8)(files).replace(struct.pack("<L", 10**8), b"\1\0\0\0"),
    "bombs": lambda files: packed(files | {f"outputs/{n}.txt": b"0" * 2**20 for n in range(10, 50)}),
    "larger than five MB": lambda files: packed(files | {"outputs/04.txt": random.randbytes(6 * 2**20)}),
    "packed by LZMA": lambda files: packed(files, method=zipfile.ZIP_LZMA),
    "a size that lies": lambda files: packed(files).replace(
        struct.pack("<L", len(files["answers.json"])), b"\1\0\0\0"
    ),
    "control characters in a name": lambda files: with_entry(files, "outputs/\x1b[2J.txt"),
}
PARTIAL = {  # of 14 points that need no person
    "no answers": (answers_as(lambda answers: {}), 0),
    "records are lists": (answers_as(lambda answers: {id: [1] for id in answers}), 0),
    "marks of one hundred": (record_as(NUMBER, score=100, best=100, checked=-1, value=-1), 12),
    "marks alone": (every_as(checked=None, value=None, score=1, best=1), 0),
    "a number as a list": (record_as(NUMBER, checked=[33.3]), 12),
    "an endless calculation": (record_as(NUMBER, checked="9**9**9**9**9"), 12),
    "a program as a number": (record_as(NUMBER, checked="__import__('os').system('touch /tmp/escaped')"), 12),
    "a mask of a million cells": (record_as(MASK, checked=["1" * 1000] * 1000), 10),
    "a mask nested deep": (record_as(MASK, checked=[[[[[[[[[[1]]]]]]]]]]), 10),
    "another kind's record": (record_as(MASK, kind="choice", checked="a"), 10),
    "an edition of its own": (manifest_as(editions={}), 0),
    "a variant of its own": (record_as("04.shapes.cross", variant={"batch": "1"}), 11),
    "a text of one word": (record_as(WRITTEN, checked={"text": "right " * 500, "met": []}), 14),
    "exercises that are not asked for": (answers_as(lambda answers: answers | {"99.no.such": {}, "": 7}), 14),
    "HTML as an answer": (record_as(NUMBER, checked="<img src=x onerror=alert(1)>"), 12),
}


def timed(folder, homework, out, how, most):
    """Grade a folder with two workers, print what it cost, and hold it to the promise for 200 submissions."""
    began, count = time.monotonic(), len(gradebook.zips(folder))
    marks = list(gradebook.grade_folder(folder, homework, out, b"staff", how, workers=2))
    seconds = time.monotonic() - began
    print(f"{count} submissions in {seconds:.0f} s on two workers")
    assert seconds < most * max(count, 60) / 200  # a few wait for the workers to start
    return marks


def test_all_good_ones_are_right_and_each_bad_one_has_a_reason(tmp_path, hand_in):
    folder = tmp_path / "class"
    first = hand_in("s0", folder=tmp_path / "one")
    folder.mkdir()
    for number in range(200):
        hand_in(f"good{number}", folder=folder)
    files = unpacked(first)
    for bad, make in [*REFUSED.items(), *((name, make) for name, (make, _) in PARTIAL.items())]:
        student = json.loads(files["manifest.json"]) | {"student": "s0"}
        content = make(files | {"manifest.json": json.dumps(student).encode()})
        (folder / f"week4__bad {bad}.zip").write_bytes(content)
    (folder / "week4__points elsewhere.zip").symlink_to("/etc/passwd")
    (folder / "week4__a folder.zip").mkdir()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if "out" not in path.parts}
    marks = timed(folder, DATA, tmp_path / "out", NONE, 120)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if "out" not in path.parts}
    assert after == before
    assert not Path("/tmp/escaped").exists()
    assert not list(tmp_path.rglob("escaped*"))
    found = {one.file: one for one in marks}
    assert len(found) == 202 + len(REFUSED) + len(PARTIAL)
    for number in range(200):
        one = found[f"week4__good{number}.zip"]
        assert not one.refused
        assert [mark.score for mark in one.marks.values()] == [1] * len(DATA.points)
    for bad in [*(f"bad {name}" for name in REFUSED), "points elsewhere", "a folder"]:
        one = found[f"week4__{bad}.zip"]
        assert one.refused.startswith("Not graded: "), bad
        assert len(one.refused) < 250
        assert one.marks == {}
    for bad, (_, points) in PARTIAL.items():
        one = found[f"week4__bad {bad}.zip"]
        total = sum(DATA.points[id] * mark.score for id, mark in one.marks.items() if id != WRITTEN)
        assert (one.refused, total) == ("", points), bad
        assert all(mark.message for mark in one.marks.values())
    lines = gradebook.rows(marks, DATA, gradebook.collection_times(folder), {})
    assert sum(row.total == 14 for row in lines) >= 200


SOUND = zip_of("anna")


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_reader_refuses_or_reads_whatever_it_is_given(tmp_path, data):
    """Bytes changed, cut and doubled in a zip, and answers of any shape in a whole one."""
    if data.draw(st.booleans()):
        content = bytearray(SOUND)
        for _ in range(data.draw(st.integers(1, 8))):
            place = data.draw(st.integers(0, len(content) - 1))
            content[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    else:
        plain = st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=8,
        )
        (tmp_path / "sound.zip").write_bytes(SOUND)
        files = unpacked(tmp_path / "sound.zip")
        answers = json.loads(files["answers.json"])
        id = data.draw(st.sampled_from(sorted(answers)))
        answers[id][data.draw(st.sampled_from(sorted(answers[id])))] = data.draw(plain)
        content = packed(files | {"answers.json": json.dumps(answers).encode()})
    path = tmp_path / "fuzzed.zip"
    path.write_bytes(content)
    with contextlib.suppress(Refused):
        read(path)
    graded = grade(path, DATA, b"staff", NONE)
    assert graded.refused or all(0 <= mark.score <= 1 for mark in graded.marks.values())


@pytest.mark.slow
def test_code_of_a_class_is_graded_in_time(tmp_path, hand_in, pytestconfig):
    """Six submissions; in `make test-all` a whole class. Every fourth has a mistake, every sixth bites."""
    try:
        how = isolation(CODE.points)
    except ValueError as problem:
        pytest.skip(str(problem))
    size = 200 if pytestconfig.getoption("--hypothesis-profile") == "long" else 6
    flaw = find("02.code.envelope").kind.mistakes[0]
    bites = "def shift_right(target, begin):\n    raise SystemExit"
    for number in range(size):
        answers = {"02.code.envelope": flaw.source} if number % 4 == 0 else {}
        hand_in(f"s{number}", CODE, **answers, **({"04.code.shift": bites} if number % 6 == 0 else {}))
    found = timed(tmp_path / "class", CODE, tmp_path / "out", how, 600)
    for one in found:
        number = int(one.student[1:])
        wanted = [0 if number % 6 == 0 else 1, flaw.credit if number % 4 == 0 else 1]
        assert [mark.score for mark in one.marks.values()] == wanted
    assert len(found) == size
