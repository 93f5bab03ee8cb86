"""The same plan on a Dask cluster of one scheduler and two workers: the same rows, also when a worker is killed."""

import os
import signal
import threading
import time

import pytest

from destructure.study import Plan, SweepStopped
from sweep_examples import PLAN, fake_rows, runs_in
from table_comparison import differences

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[cluster]'")


@pytest.fixture(scope="module")
def one_process(tmp_path_factory):
    """The table, made by this process."""
    path = tmp_path_factory.mktemp("one") / "small.csv"
    PLAN.run(file=path, progress=False)
    return path


def make_cluster(workers):
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    )


@pytest.fixture(scope="module")
def cluster():
    with make_cluster(2) as two_workers:
        yield two_workers


def go(path, cluster):
    return PLAN.run(file=path, scheduler=cluster.scheduler_address, progress=False)


@pytest.mark.slow
def test_a_cluster_of_two_workers_gives_the_same_rows(tmp_path, cluster, one_process):
    path = tmp_path / "small.csv"
    report = go(path, cluster)
    assert (report.added, report.missing, report.failures) == (6, 0, [])
    assert differences(path, one_process) is None
    assert go(path, cluster).added == 0


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_of_a_run_changes_nothing(tmp_path, cluster, one_process):
    path, killed = tmp_path / "small.csv", []

    def kill():
        client = distributed.Client(cluster.scheduler_address, set_as_default=False)
        while not runs_in(path) or not (busy := [worker for worker, at in client.processing().items() if at]):
            time.sleep(0.01)
        pid = client.run(os.getpid, workers=busy[:1])[busy[0]]
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)
        client.close()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    report = go(path, cluster)
    killer.join(timeout=60)
    assert killed
    assert (report.added, report.missing, report.failures) == (6, 0, [])
    assert differences(path, one_process) is None


@pytest.mark.slow
def test_a_scheduler_that_goes_away_stops_the_sweep_with_a_sentence(tmp_path, monkeypatch):
    path = tmp_path / "small.csv"
    with make_cluster(1) as cluster:
        monkeypatch.setattr(Plan, "compute", staticmethod(_slowly))

        def end():
            while not runs_in(path):
                time.sleep(0.05)
            cluster.close(timeout=5)

        ending = threading.Thread(target=end, daemon=True)
        ending.start()
        with pytest.raises(SweepStopped, match=r"is gone\. Finished runs are stored"):
            go(path, cluster)
        ending.join(timeout=60)
    assert 1 <= len(runs_in(path)) < 6


def _slowly(configuration, device):
    time.sleep(2)
    return fake_rows(configuration)


@pytest.mark.slow
def test_an_address_where_nobody_answers_is_one_clear_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"No Dask scheduler answers at 'tcp://127\.0\.0\.1:9'") as error:
        PLAN.run(file=tmp_path / "x.csv", scheduler="tcp://127.0.0.1:9", progress=False)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "x.csv").exists()
