"""Whatever is killed, cut off or run twice: no finished run is lost, and the finished table is always the same."""

import multiprocessing
import os
import random
import signal
import threading
import time
from dataclasses import replace
from operator import itemgetter

import psutil
import pytest

from destructure.studies.plans import grid
from destructure.study import (
    Plan,
    ResultsFile,
    SweepStopped,
    read_results,
    runner,
    storage,
)
from destructure.study.storage import Claims
from sweep_examples import BASE, fake_rows, runs_in, table_file
from table_comparison import differences

pytestmark = pytest.mark.slow
QUICK = replace(BASE, budgets=(2e6, 4e6), measuring={"watch_every": 3, "watch_examples": 5})
REAL = Plan("real", tuple(grid(QUICK, seed=range(12))))
FAKE = Plan("fake", tuple(grid(BASE, seed=range(12))))

# Children begin with everything loaded, so that killing one costs milliseconds.
STARTING = multiprocessing.get_context("forkserver")
STARTING.set_forkserver_preload(["destructure.study.runner", "sweep_examples"])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The table of the real plan, made in one go."""
    path = tmp_path_factory.mktemp("undisturbed") / "real.csv"
    REAL.run(file=path, progress=False)
    return path


@pytest.fixture
def fake(monkeypatch):
    """Runs that cost nothing; gives the list of those that were run."""
    ran = []

    def run(configuration, device):
        ran.append(configuration.run)
        return fake_rows(configuration)

    monkeypatch.setattr(Plan, "compute", staticmethod(run))
    return ran


def go(plan, path, **keywords):
    return plan.run(file=path, progress=False, **keywords)


def child(plan, path, **keywords):
    """A process of its own that works on a plan."""
    process = STARTING.Process(target=go, args=(plan, path), kwargs=keywords, daemon=True)
    process.start()
    return process


# --- killed ---------------------------------------------------------------------------------------------------


def test_twenty_kills_at_random_moments_change_nothing(tmp_path, undisturbed):
    seed = random.randrange(2**32)
    luck, path, kills, stored = random.Random(seed), tmp_path / "real.csv", 0, set()
    began = time.perf_counter()
    go(REAL, tmp_path / "timing.csv")
    a_run = (time.perf_counter() - began) / len(REAL.runs)
    while kills < 20:
        working = child(REAL, path)
        working.join(luck.uniform(0, 3 * a_run))
        if working.is_alive():
            os.kill(working.pid, signal.SIGKILL)
            kills += 1
        working.join()
        now = runs_in(path)
        assert stored <= now, f"a finished run was lost; seed {seed}"
        assert all(len(rows) == 2 for _, rows in read_results(path).groupby("run")) if now else True
        stored = now
        if stored == {run.run for run in REAL.runs}:  # complete before the last kill: begin anew
            assert differences(path, undisturbed) is None, f"seed {seed}"
            path.unlink()
            stored = set()
    report = go(REAL, path)
    assert report.before >= len(stored)
    assert report.missing == 0
    assert differences(path, undisturbed) is None, f"seed {seed}"
    assert [file.name for file in path.parent.iterdir() if ".new-" in file.name] == []


@pytest.mark.parametrize("moment", ["before the new file is in place", "after it is"])
def test_a_kill_in_the_middle_of_storing_costs_at_most_that_run(tmp_path, moment):
    path = tmp_path / "fake.csv"
    dying = STARTING.Process(target=_die_while_storing, args=(path, moment))
    dying.start()
    dying.join()
    assert dying.exitcode == 9
    assert len(runs_in(path)) == {"before the new file is in place": 4, "after it is": 5}[moment]
    assert len(read_results(path)) == 2 * len(runs_in(path))


def _die_while_storing(path, moment):
    Plan.compute = staticmethod(lambda configuration, device: fake_rows(configuration))
    write, replacing, times = storage.write_alone, os.replace, []

    def stored(target, content):
        times.append(target)
        if len(times) == 5:
            os.replace = (
                (lambda *names: os._exit(9))
                if moment.startswith("before")
                else (lambda *names: (replacing(*names), os._exit(9)))
            )
        write(target, content)

    storage.write_alone = stored
    go(FAKE, path)


@pytest.mark.parametrize("signals", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_a_stopped_sweep_goes_on(tmp_path, undisturbed, signals):
    path = tmp_path / "real.csv"
    working = STARTING.Process(target=_wait_in_the_third_run, args=(path,), daemon=True)
    working.start()
    wait_for(lambda: len(runs_in(path)) >= 2)
    os.kill(working.pid, signals)
    working.join()
    assert working.exitcode not in (0, None)
    before = runs_in(path)
    assert 2 <= len(before) < len(REAL.runs)
    assert go(REAL, path).before == len(before)
    assert differences(path, undisturbed) is None


def _wait_in_the_third_run(path):
    """Work on the plan, but never so fast that it is complete before the signal comes.

    Ctrl-C is listened to as in a terminal: where a shell has started the tests in the background, they inherit that
    it is ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    work = Plan.compute

    def run(configuration, device):
        if len(runs_in(path)) >= 2:
            time.sleep(60)
        return work(configuration, device)

    Plan.compute = staticmethod(run)
    go(REAL, path)


def wait_for(happened, seconds=60):
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


# --- cut off --------------------------------------------------------------------------------------------------


def test_a_table_cut_off_anywhere_is_repaired_with_nothing_complete_lost(tmp_path, fake):
    whole = tmp_path / "whole.csv"
    go(FAKE, whole)
    content = whole.read_bytes()
    ends = [place + 1 for place, byte in enumerate(content) if byte == ord("\n")]
    places = [*random.sample(range(len(content)), 25), *ends[:4], len(content) - 1]
    for number, place in enumerate(places):
        path = tmp_path / f"cut_{number}.csv"
        path.write_bytes(content[:place])
        fake.clear()
        report = go(FAKE, path)
        complete = max(0, sum(end <= place for end in ends) - 1) // 2
        assert report.before == complete, f"cut after {place} bytes"
        assert len(fake) == len(FAKE.runs) - complete
        assert path.read_bytes() == content
        torn = place not in (0, *ends) or (place in ends and (ends.index(place) % 2))
        assert bool(report.repaired) == bool(torn), f"cut after {place} bytes: {report.repaired}"


def test_half_a_run_in_the_middle_is_run_again(tmp_path, fake):
    path = tmp_path / "fake.csv"
    go(FAKE, path)
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4] + lines[5:]))
    report = go(FAKE, path)
    assert "1 runs lacked some of their rows" in str(report)
    assert path.read_bytes() == content


def test_a_damaged_table_is_refused_and_left_alone(tmp_path, fake):
    path = tmp_path / "fake.csv"
    go(FAKE, path)
    lines = path.read_text().splitlines(keepends=True)
    for damage, sentence in (
        (["a,b\n", *lines[1:]], "was written with other columns"),
        ([*lines[:3], "1,2\n", *lines[4:]], "row 4: 2 cells where"),
    ):
        path.write_text("".join(damage))
        before = path.read_bytes()
        with pytest.raises(ValueError, match=sentence) as error:
            go(FAKE, path)
        assert "\n" not in str(error.value)
        assert path.read_bytes() == before
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(ValueError, match="not UTF-8"):
        go(FAKE, path)


def test_a_table_with_runs_of_another_plan_keeps_them(tmp_path, fake):
    path = tmp_path / "shared.csv"
    go(FAKE, path)
    strangers = path.read_text().splitlines()[1:]
    longer = Plan("longer", (replace(BASE, seed=99), *FAKE.runs[:3]))
    report = go(longer, path)
    assert (report.before, report.added) == (3, 1)
    kept = path.read_text().splitlines()[1:]
    assert len(kept) == len(strangers) + 2
    assert set(strangers) < set(kept)
    assert list(read_results(path)["seed"][:8]) == [99, 99, 0, 0, 1, 1, 2, 2]


# --- run twice ------------------------------------------------------------------------------------------------


def test_the_order_of_the_rows_is_the_plans_whatever_came_first(tmp_path, fake):
    path, other = tmp_path / "fake.csv", tmp_path / "other.csv"
    go(FAKE, path)
    shuffled = Plan("fake", tuple(random.sample(FAKE.runs, len(FAKE.runs))))
    go(shuffled, other)
    assert differences(path, other) is not None
    go(FAKE, other)
    assert path.read_bytes() == other.read_bytes()


def test_two_processes_share_a_plan_and_never_spoil_its_table(tmp_path, undisturbed):
    path, results = tmp_path / "real.csv", STARTING.Queue()
    both = [STARTING.Process(target=_go_and_tell, args=(REAL, path, results)) for _ in range(2)]
    for each in both:
        each.start()
    added = [results.get(timeout=120) for _ in both]
    for each in both:
        each.join()
    assert sum(added) == len(REAL.runs)  # no run was done twice
    assert min(added) > 0
    assert differences(path, undisturbed) is None


def _go_and_tell(plan, path, results):
    results.put(go(plan, path).added)


def test_many_threads_on_one_file_lose_and_double_nothing(tmp_path):
    path = tmp_path / "many.csv"

    def write(number):
        file = ResultsFile(path, ("key", "place"))
        for place in range(25):
            file.append(
                [{"key": f"{number} {place}", "place": half} for half in (1, 2)], unless=itemgetter("key")
            )
            file.append([{"key": f"all {place}", "place": half} for half in (1, 2)], unless=itemgetter("key"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    rows = ResultsFile(path, ("key", "place")).rows()
    assert len(rows) == 2 * 25 * 5
    assert all(rows[place]["key"] == rows[place + 1]["key"] for place in range(0, len(rows), 2))


def test_a_run_that_another_process_has_is_left_to_it(tmp_path, fake):
    path = tmp_path / "fake.csv"
    theirs = Claims(path.parent / storage.LOCKS, path.name)
    assert theirs.take(FAKE.runs[4].run)
    waiting = threading.Thread(target=go, args=(FAKE, path))
    waiting.start()
    wait_for(lambda: len(runs_in(path)) == 11)
    time.sleep(0.1)
    assert FAKE.runs[4].run not in fake
    table_file(path).append(fake_rows(FAKE.runs[4]))
    theirs.release_all()
    waiting.join(timeout=20)
    assert not waiting.is_alive()
    assert FAKE.runs[4].run not in fake
    assert len(runs_in(path)) == 12


def test_a_claim_ends_with_its_process(tmp_path, fake):
    path = tmp_path / "fake.csv"
    holder = STARTING.Process(target=_take_and_sleep, args=(path, FAKE.runs[0].run), daemon=True)
    holder.start()
    folder = path.parent / storage.LOCKS
    wait_for(lambda: folder.is_dir() and any(folder.iterdir()) and not _can_take(path, FAKE.runs[0].run))
    holder.kill()
    holder.join()
    assert go(FAKE, path).added == 12


def _take_and_sleep(path, run):
    mine = Claims(path.parent / storage.LOCKS, path.name)
    mine.take(run)
    time.sleep(600)


def _can_take(path, run):
    mine = Claims(path.parent / storage.LOCKS, path.name)
    taken = mine.take(run)
    mine.release_all()
    return taken


# --- runs that fail -------------------------------------------------------------------------------------------


def test_a_run_that_fails_is_reported_and_tried_again_next_time(tmp_path, monkeypatch):
    broken = FAKE.runs[5].run

    def run(configuration, device):
        if configuration.run == broken:
            raise MemoryError("no room\nfor this")
        return fake_rows(configuration)

    monkeypatch.setattr(Plan, "compute", staticmethod(run))
    path = tmp_path / "fake.csv"
    report = go(FAKE, path)
    assert (report.added, report.missing, len(report.failures)) == (11, 1, 1)
    assert "failed: encoder-decoder, width 8, learning rate 0.01, seed 5: MemoryError: no room" in str(report)
    broken = None
    assert go(FAKE, path).added == 1


def test_when_everything_fails_it_stops_soon(tmp_path, monkeypatch):
    tried = []

    def run(configuration, device):
        tried.append(configuration)
        raise ValueError("The disk is full.")

    monkeypatch.setattr(Plan, "compute", staticmethod(run))
    with pytest.raises(
        SweepStopped, match=r"run after run failed.*The disk is full.*Finished runs are stored"
    ):
        go(FAKE, tmp_path / "fake.csv")
    assert len(tried) == 5


def test_no_run_is_started_after_the_time_is_up(tmp_path, fake, monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(runner.time, "monotonic", lambda: next(clock))
    report = go(FAKE, tmp_path / "fake.csv", minutes=1)
    assert 0 < report.added < 12
    assert report.missing == 12 - report.added
    assert report.added == len(fake)


# --- worker processes -----------------------------------------------------------------------------------------


def test_two_workers_give_the_same_table_also_when_one_is_killed(tmp_path, undisturbed):
    path = tmp_path / "real.csv"
    killed = []

    def kill_one():
        wait_for(lambda: len(runs_in(path)) >= 2)
        workers = [
            each for each in psutil.Process().children(recursive=True) if "loky" in " ".join(each.cmdline())
        ]
        workers = [each for each in workers if "resource_tracker" not in " ".join(each.cmdline())]
        workers[0].kill()
        killed.append(workers[0].pid)

    killer = threading.Thread(target=kill_one)
    killer.start()
    report = go(REAL, path, workers=2)
    killer.join()
    assert killed
    assert (report.added, report.missing, report.failures) == (12, 0, [])
    assert differences(path, undisturbed) is None


def test_workers_end_with_the_process_that_started_them(tmp_path):
    endless = Plan("endless", tuple(grid(BASE, seed=range(2), budgets=[(1e13,)])))
    working = STARTING.Process(target=go, args=(endless, tmp_path / "endless.csv"), kwargs={"workers": 2})
    working.start()

    def workers():
        return [
            each
            for each in psutil.Process(working.pid).children()
            if "tracker" not in " ".join(each.cmdline())
        ]

    wait_for(lambda: len(workers()) == 2)
    wait_for(lambda: all(each.cpu_times().user > 2 for each in workers()))
    orphans = workers()
    working.kill()
    working.join()
    _, alive = psutil.wait_procs(orphans, timeout=20)
    assert alive == []
