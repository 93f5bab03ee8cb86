"""answers.json survives whatever a learner's machine does to it."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from destructure.exercises import answer
from destructure.exercises.homework import Homework
from destructure.exercises.store import AnswerStore, NotSaved, Record

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
    assert answer("04.mask.decoder", RIGHT).note == ""
    assert AnswerStore().record("04.mask.decoder").score == 1


def test_a_file_that_is_not_text(work):
    work.mkdir()
    (work / "answers.json").write_bytes(b"\xff\xfe\x00")
    assert "not text" in AnswerStore().read().notice
    assert len(list(work.glob("answers.damaged-*"))) == 1


@pytest.mark.parametrize("broken", [{"score": 7}, {"score": "x"}, {"history": 3}, 5, {"first_change": 1}])
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
    assert AnswerStore().read().notice == ""


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


def test_fields_of_later_editions_do_not_harm(work):
    answer("04.mask.decoder", RIGHT)
    data = json.loads((work / "answers.json").read_text())
    data["answers"]["04.mask.decoder"]["colour"] = "blue"
    (work / "answers.json").write_text(json.dumps(data))
    assert AnswerStore().record("04.mask.decoder").score == 1
