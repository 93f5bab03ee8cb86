"""answers.json survives whatever a learner's machine does to it."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from destructure.exercises import answer, every, exercise, find, progress_panel, reveal, sign_in
from destructure.exercises.homework import Homework
from destructure.exercises.progress import progress
from destructure.exercises.store import AnswerStore, NotSaved, Record
from destructure.exercises.workplace import Student, current_student, student_problem

RIGHT = "1000\n1100\n1110\n1111"


def with_score(score):
    return lambda record: record.touched(score=score, attempts=record.attempts + 1)


def test_nothing_is_written_before_something_is_answered(work):
    assert AnswerStore().read().records == {}
    assert AnswerStore().record("04.mask.decoder") == Record()
    assert not work.exists()


def test_answers_are_read_back(work):
    answer("04.mask.decoder", RIGHT)
    record = AnswerStore().record("04.mask.decoder")
    assert record.value == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert (record.score, record.attempts, record.is_answered) == (1, 1, True)
    assert record.first_change.endswith("+00:00")
    assert json.loads((work / "answers.json").read_text())["schema"] == 1
    assert [path.name for path in work.iterdir() if path.name.startswith(".answers")] == []


def test_not_answered_differs_from_wrong():
    homework = Homework.open("04.choice.teacher_forcing")
    homework.hint()
    homework.draft("a")
    record = AnswerStore().record("04.choice.teacher_forcing")
    assert (record.is_answered, record.score, record.hints, record.value) == (False, None, 1, "a")
    homework.check("a")
    record = AnswerStore().record("04.choice.teacher_forcing")
    assert (record.is_answered, record.score, record.misconception) == (True, 0, "sequential")


def test_unreadable_answers_are_no_attempts():
    answer("04.choice.teacher_forcing", "a")
    before = AnswerStore().record("04.choice.teacher_forcing")
    for nonsense in (None, "z", float("nan"), b"a", [[["a"]]]):
        assert "not answered" in repr(answer("04.choice.teacher_forcing", nonsense))
    assert AnswerStore().record("04.choice.teacher_forcing") == before


def test_attempts_times_and_the_best_score_are_kept():
    for value in ("a", "a", "c", "b"):
        answer("04.choice.teacher_forcing", value)
    record = AnswerStore().record("04.choice.teacher_forcing")
    assert (record.attempts, record.score, record.best) == (3, 0, 1)
    assert [attempt["value"] for attempt in record.history] == ["sequential", "own_mistakes", "sees_answer"]
    assert all(attempt["time"] for attempt in record.history)


def test_history_is_bounded_but_the_count_is_not():
    for number in range(30):
        answer("00.number.hit", number)
    record = AnswerStore().record("00.number.hit")
    assert (record.attempts, len(record.history)) == (30, 20)


# --- several at once -----------------------------------------------------------------------------------------

WRITER = """
import sys
from destructure.exercises.store import AnswerStore
name, rounds = sys.argv[1], int(sys.argv[2])
store = AnswerStore()
for number in range(rounds):
    for id in ("shared", f"{name}.{number}"):
        store.update(id, lambda record: record.touched(score=1.0, attempts=record.attempts + 1))
print("done", flush=True)
"""


def start(name, rounds):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, name, str(rounds)], stdout=subprocess.PIPE, text=True
    )


def test_two_processes_at_once_lose_nothing():
    rounds = 40
    writers = [start("first", rounds), start("second", rounds)]
    assert [writer.communicate(timeout=60)[0].strip() for writer in writers] == ["done", "done"]
    records = AnswerStore().read().records
    assert records["shared"].attempts == 2 * rounds
    assert len(records) == 1 + 2 * rounds


def test_kill_9_in_the_middle_leaves_a_whole_file(work):
    store = AnswerStore()
    store.update("before", with_score(1.0))
    for _ in range(4):
        writer = start("victim", 100_000)
        seen = len(store.read().records)
        deadline = time.monotonic() + 20
        while len(store.read().records) <= seen and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        answers = store.read()
        assert answers.notice == ""
        assert answers.records["before"].score == 1
        assert len(answers.records) > seen
    store.update("after", with_score(1.0))
    assert not list(work.glob(".answers.json.new-*")), "left-overs of killed processes must go"
    assert not list(work.glob("*damaged*"))


def test_killed_between_writing_and_renaming(work):
    """The new text lies in a temporary file, the old file is still there."""
    program = (
        "import os, signal\n"
        "from destructure.exercises import answer\n"
        "answer('04.choice.teacher_forcing', 'a')\n"
        "os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)\n"
        "answer('04.choice.teacher_forcing', 'c')\n"
    )
    done = subprocess.run([sys.executable, "-c", program])
    assert done.returncode == -signal.SIGKILL
    assert len(list(work.glob(".answers.json.new-*"))) == 1
    assert AnswerStore().record("04.choice.teacher_forcing").value == "sequential"
    answer("04.choice.teacher_forcing", "c")
    assert AnswerStore().record("04.choice.teacher_forcing").score == 1
    assert not list(work.glob(".answers.json.new-*"))


# --- a disk that refuses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fsync", "replace", "mkstemp"])
def test_a_full_disk_is_a_sentence_and_the_old_file_is_intact(work, monkeypatch, step):
    answer("04.mask.decoder", "0000\n0000\n0000\n0000")
    before = (work / "answers.json").read_bytes()

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.mkstemp" if step == "mkstemp" else f"os.{step}", full)
    result = answer("04.mask.decoder", RIGHT)
    assert result.score == 1, "the answer is graded all the same"
    assert "could not be saved (No space left on device)" in result.note
    assert "intact" in repr(result)
    monkeypatch.undo()
    assert (work / "answers.json").read_bytes() == before
    assert not list(work.glob(".answers.json.new-*"))


def fill(folder):
    """Write until nothing more fits."""
    handle = os.open(folder / "filling", os.O_CREAT | os.O_WRONLY)
    try:
        while os.write(handle, bytes(4096)):
            pass
    except OSError as problem:
        assert problem.errno == errno.ENOSPC  # noqa: PT017 (this *is* the goal)
    finally:
        os.close(handle)


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A file system of its own, some kilobytes large; skipped where it cannot be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if not hasattr(os, "geteuid") or os.geteuid() or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here (only the administrator can)")
    monkeypatch.setenv("DESTRUCTURE_WORK", str(folder))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_really_full_disk(small_disk):
    answer("04.mask.decoder", RIGHT)
    before = (small_disk / "answers.json").read_bytes()
    fill(small_disk)
    result = answer("04.choice.teacher_forcing", "c")
    assert result.score == 1
    assert "No space left on device" in result.note
    assert (small_disk / "answers.json").read_bytes() == before
    (small_disk / "filling").unlink()
    assert answer("04.choice.teacher_forcing", "c").note == ""
    assert AnswerStore().record("04.choice.teacher_forcing").score == 1


def test_a_folder_that_cannot_be_made(work):
    work.write_text("a file where the folder should be")
    result = answer("04.mask.decoder", RIGHT)
    assert (result.score, result.verdict.is_right) == (1, True)
    assert "could not be saved" in result.note
    assert work.read_text() == "a file where the folder should be"
    with pytest.raises(NotSaved, match="could not be saved"):
        AnswerStore().update("any", with_score(1.0))


def test_a_lock_that_nobody_gives_back(work, monkeypatch):
    import filelock

    monkeypatch.setattr("destructure.exercises.store._LOCK_SECONDS", 0.1)
    work.mkdir()
    with filelock.FileLock(work / "answers.json.lock"):
        assert "another program has been writing" in answer("04.mask.decoder", RIGHT).note


# --- damaged and newer files ---------------------------------------------------------------------------------

DAMAGED = {
    "cut off": '{"schema": 1, "answers": {"04.mask',
    "empty": "",
    "another thing": "[1, 2, 3]",
    "no schema": '{"answers": {}}',
    "an odd schema": '{"schema": "one", "answers": {}}',
    "no answers": '{"schema": 1, "answers": []}',
    "very deep": '{"schema": 1, "answers": ' + "[" * 100_000,
    "NUL": "\x00" * 100,
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("first", ["read", "write"])
def test_a_damaged_file_is_kept_aside(work, name, first):
    work.mkdir()
    (work / "answers.json").write_text(DAMAGED[name])
    if first == "read":
        answers = AnswerStore().read()
        assert answers.records == {}
        notice = answers.notice
    else:
        notice = answer("04.mask.decoder", RIGHT).note
    (aside,) = work.glob("answers.damaged-*.json")
    assert aside.read_text() == DAMAGED[name]
    assert aside.name in notice
    assert "nothing was deleted" in notice
    assert answer("04.mask.decoder", RIGHT).note == notice, "every view says so"
    assert notice in progress_panel().table
    assert exercise("04.mask.cross").note == notice
    assert notice in reveal("04.prediction.unseen", 97).text
    assert AnswerStore().record("04.mask.decoder").score == 1
    progress_panel().click("acknowledge")
    assert answer("04.mask.decoder", RIGHT).note == ""
    assert len(list(work.glob("answers.damaged-*"))) == 1, "the file stays for the learner to mend"


def test_a_file_that_is_not_text(work):
    work.mkdir()
    (work / "answers.json").write_bytes(b"\xff\xfe\x00")
    assert "not text" in AnswerStore().read().notice
    assert len(list(work.glob("answers.damaged-*"))) == 1


PARTS = [
    {"score": 7},
    {"score": "x"},
    {"history": 3},
    5,
    {"first_change": 1},
    {"hints": -5},
    {"attempts": -5},
]


@pytest.mark.parametrize("broken", PARTS)
def test_whole_records_are_rescued_from_a_damaged_file(work, broken):
    answer("04.mask.decoder", RIGHT)
    data = json.loads((work / "answers.json").read_text())
    data["answers"]["04.choice.teacher_forcing"] = broken
    (work / "answers.json").write_text(json.dumps(data))
    answers = AnswerStore().read()
    assert answers.records["04.mask.decoder"].score == 1
    assert "1 answers could still be read" in answers.notice
    (aside,) = work.glob("answers.damaged-*")
    assert json.loads(aside.read_text()) == data
    assert list(AnswerStore().read().records) == ["04.mask.decoder"]


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e400", '"\\ud83d"'])
@pytest.mark.parametrize("field", ["value", "checked", "history"])
def test_what_cannot_be_written_again_is_left_out_and_told(work, value, field):
    """Only the impossible part goes: the score and all other answers stay, and can be saved."""
    answer("04.mask.decoder", RIGHT)
    answer("04.choice.teacher_forcing", "c")
    path = work / "answers.json"
    data = json.loads(path.read_text())
    data["answers"]["04.mask.decoder"][field] = ["HERE"] if field == "history" else "HERE"
    path.write_text(json.dumps(data).replace('"HERE"', value))
    assert "1 of its records cannot be read or have parts" in answer("04.choice.teacher_forcing", "a").note
    records = AnswerStore().read().records
    assert (records["04.choice.teacher_forcing"].score, records["04.mask.decoder"].score) == (0, 1)
    assert value in next(work.glob("answers.damaged-*")).read_text()


def three_records(work):
    for id, value in {"04.mask.decoder": RIGHT, "04.choice.teacher_forcing": "c", "00.number.hit": 1}.items():
        answer(id, value)
    return (work / "answers.json").read_text()


DAMAGES = {
    "the last three characters lost": (lambda text: text[:-3], 3),
    "cut in the last record": (lambda text: text[:-60], 2),
    "a comma lost": (lambda text: text.replace("\n  },", "\n  }", 1), 3),
    "a comma lost inside a record": (lambda text: text.replace('"kind": "mask",', '"kind": "mask"'), 2),
    "marks of a merge": (lambda text: f"<<<<<<< mine\n{text}=======\n{text}>>>>>>> theirs\n", 3),
    "no schema": (lambda text: text.replace('"schema"', '"scheme"'), 3),
    "half a letter": (lambda text: text.encode().replace(b"query", "qué".encode()[:-1]), 3),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_whole_records_are_found_in_a_text_that_is_no_json(work, name):
    text = three_records(work)
    before = AnswerStore().read().records
    harm, kept = DAMAGES[name]
    damaged = harm(text)
    (work / "answers.json").write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())
    answers = AnswerStore().read()
    assert len(answers.records) == kept
    assert f"{kept} answers could still be read" in answers.notice
    if name != "half a letter":
        assert all(before[id] == record for id, record in answers.records.items())


def test_of_two_records_in_a_merge_the_later_one_counts(work):
    old = three_records(work)
    new = old.replace('"last_change": "2', '"last_change": "3').replace('"attempts": 1', '"attempts": 5')
    for text in (old + new, new + old):
        (work / "answers.json").write_text(text)
        assert {record.attempts for record in AnswerStore().read().records.values()} == {5}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_files_that_other_editors_have_saved(work, encoding):
    text = three_records(work)
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    (work / "answers.json").write_bytes(mark + text.replace("\n", "\r\n").encode(encoding))
    signed = json.dumps({"student": "Jörg", "course": "c1"}, ensure_ascii=False)
    (work / "student.json").write_bytes(mark + signed.encode(encoding))
    answers = AnswerStore().read()
    assert (len(answers.records), answers.notice) == (3, "")
    assert (current_student(), student_problem()) == (Student("Jörg", "c1"), "")


def test_a_link_stays_a_link(work, tmp_path):
    target = tmp_path / "drive" / "my answers.json"
    target.parent.mkdir()
    work.mkdir()
    (work / "answers.json").symlink_to(target)
    for id in ("04.mask.decoder", "04.mask.cross"):  # the target does not exist at first
        answer(id, RIGHT)
        assert (work / "answers.json").is_symlink()
    assert json.loads(target.read_text())["answers"].keys() == {"04.mask.decoder"}  # the other is unreadable


def test_a_newer_file_is_left_alone(work):
    work.mkdir()
    text = '{"schema": 2, "answers": {}, "new": true}'
    (work / "answers.json").write_text(text)
    assert "newer version" in AnswerStore().read().notice
    result = answer("04.mask.decoder", RIGHT)
    assert result.score == 1
    assert "left untouched and nothing is saved" in result.note
    assert (work / "answers.json").read_text() == text
    assert not list(work.glob("*damaged*"))


def test_fields_of_later_editions_are_kept(work):
    answer("04.mask.decoder", RIGHT)
    path = work / "answers.json"
    data = json.loads(path.read_text())
    data["answers"]["04.mask.decoder"]["colour"] = {"of": "the cover"}
    data["device"] = ["phone"]
    path.write_text(json.dumps(data))
    for id in ("04.mask.decoder", "04.choice.teacher_forcing"):
        answer(id, "0000\n" * 4 if id == "04.mask.decoder" else "c")
    after = json.loads(path.read_text())
    assert (after["device"], after["answers"]["04.mask.decoder"]["colour"]) == (
        ["phone"],
        {"of": "the cover"},
    )
    assert after["answers"]["04.mask.decoder"]["attempts"] == 2


# --- whose answer to which question --------------------------------------------------------------------------


def pairs():
    homework = Homework.open("03.number.pairs")
    return homework.record, exercise("03.number.pairs")


def test_a_right_answer_is_not_shown_at_another_variant():
    everybodys = find("03.number.pairs").reference
    answer("03.number.pairs", everybodys)
    sign_in("s1", "c1")
    hers = find("03.number.pairs", "s1", "c1").reference
    assert everybodys != hers
    record, widget = pairs()
    assert (record.is_answered, widget.draft, widget.verdict) == (False, None, {})
    assert {row.number: row.cells()[0] for row in progress(AnswerStore().read().records)}["03"] == 0
    widget.click("hint")
    answer("03.number.pairs", hers)
    record, widget = pairs()
    assert (widget.verdict["state"], record.hints, record.attempts) == ("right", 1, 1)
    assert (record.student, record.course) == ("s1", "c1")
    assert {row.number: row.cells()[0] for row in progress(AnswerStore().read().records)}["03"] == 1
    sign_in("s2", "c1")
    assert not pairs()[0].is_answered
    answer("03.number.pairs", 1)
    sign_in("s1", "c1")
    record, widget = pairs()
    assert (widget.draft, widget.verdict["state"], record.hints) == (hers, "right", 1), (
        "each finds the own one again"
    )
    assert {one["student"] for one in record.earlier} == {"", "s2"}


def test_a_student_named_outside_keeps_the_course(monkeypatch):
    sign_in("s1", "c1")
    monkeypatch.setenv("DESTRUCTURE_STUDENT", "s1")
    assert current_student() == Student("s1", "c1")
    monkeypatch.setenv("DESTRUCTURE_STUDENT", "s2")
    assert current_student() == Student("s2", "")


@pytest.mark.slow
@pytest.mark.parametrize("junk", ["not a dict", [1], {"guess": 1}, 7])
def test_a_locked_prediction_that_is_no_prediction(work, junk):
    answer("04.prediction.unseen", (90, 80, 99))
    path = work / "answers.json"
    data = json.loads(path.read_text())
    data["answers"]["04.prediction.unseen"]["checked"] = junk
    path.write_text(json.dumps(data))
    assert not reveal("04.prediction.unseen", 97).shown
    assert not exercise("04.prediction.unseen").locked
    answer("04.prediction.unseen", (50, 40, 60))
    assert "above your interval" in reveal("04.prediction.unseen", 97).text
    assert AnswerStore().record("04.prediction.unseen").earlier[0]["checked"] == junk


# --- a second tab with an old copy ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_stale_tab_cannot_change_a_locked_prediction():
    stale, other = Homework.open("04.prediction.unseen"), Homework.open("04.prediction.unseen")
    other.check((90, 80, 99))
    stale.draft({"guess": "2", "low": "1", "high": "3"})
    assert "stays as it is" in stale.check((2, 1, 3)).message
    record = AnswerStore().record("04.prediction.unseen")
    assert (record.checked, record.value, record.attempts) == (
        {"guess": 90, "low": 80, "high": 99},
        record.checked,
        1,
    )
    assert stale.is_locked


def test_a_result_opened_in_another_tab_is_remembered():
    stale, other = Homework.open("04.prediction.unseen"), Homework.open("04.prediction.unseen")
    other.show_result()
    assert "opened the result before" in stale.check((90, 80, 99)).message


def test_a_draft_does_not_wait_long_for_another_program(work, monkeypatch):
    import filelock

    monkeypatch.setattr("destructure.exercises.homework._PATIENCE", 0.1)
    widget = exercise("04.number.cross_share")
    work.mkdir()
    with filelock.FileLock(work / "answers.json.lock"):
        started = time.monotonic()
        widget.draft = "1"
        assert time.monotonic() - started < 5
    assert "another program has been writing" in widget.note


def test_answers_of_the_first_edition_are_read_and_nothing_is_lost(work):
    """The file was written by the first edition (commit 68cf670), by hand-ins, drafts, hints and a sign-in."""
    work.mkdir()
    kept = Path(__file__).with_name("answers_of_the_first_edition.json").read_text()
    (work / "answers.json").write_text(kept)
    sign_in("s1", "c1")
    before = json.loads(kept)["answers"]
    assert AnswerStore().read().notice == ""
    for id in before.keys() & {one.id for one in every()}:  # exercises may be retired; their answers stay
        Homework.open(id).hint()
    after = json.loads((work / "answers.json").read_text())["answers"]
    for id, old in before.items():
        new = after[id]
        if id == "03.number.pairs":  # answered as nobody, before signing in: another question
            assert not new["score"]
            (new,) = new["earlier"]
        new["hints"] = old["hints"]
        assert {name: new[name] for name in old} == old
    assert exercise("04.prediction.unseen").locked
    assert exercise("00.number.hit").verdict["state"] == "right", "her own variant"
    assert exercise("04.mask.cross").draft == [[1, 0, 0, 0, 0]] * 4
