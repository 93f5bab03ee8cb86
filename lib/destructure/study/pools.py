"""Where runs are computed: in this process, in worker processes of joblib, or on a Dask cluster.

All three do the same two things: `submit(configuration)` starts a run, and `wait(seconds)` returns the runs that have
ended by then. Every run uses one thread.
"""

import os
import threading
import time
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from destructure.study.configuration import RunConfiguration
from destructure.study.one_run import run_configuration


@dataclass
class Ended:
    """A run that has ended.

    Attributes:
        rows: its rows; empty if it failed.
        problem: why it failed, "" if it did not.
        lost: whether its worker died on the way; then it may be tried again.
    """

    configuration: RunConfiguration
    rows: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""
    lost: bool = False


class OneProcess:
    """Runs in this process, one after the other."""

    room = 1

    def __init__(self, device: str):
        self.device = device
        self._ended: list[Ended] = []

    def submit(self, configuration: RunConfiguration) -> None:
        """Run now; `wait` hands over the result."""
        try:
            self._ended.append(Ended(configuration, run_configuration(configuration, self.device)))
        except Exception as error:
            self._ended.append(Ended(configuration, problem=_sentence(error)))

    def wait(self, seconds: float) -> list[Ended]:
        """What has ended."""
        if not self._ended:
            time.sleep(seconds)
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Nothing is left behind."""


class WorkerProcesses:
    """Worker processes of joblib's own kind (loky): one thread each, replaced when one is killed."""

    def __init__(self, workers: int, device: str):
        self.room, self.device = workers, device
        self._running: dict[futures.Future, RunConfiguration] = {}
        self._pool = None

    def submit(self, configuration: RunConfiguration) -> None:
        """Start a run in a worker."""
        if self._pool is None:
            self._pool = self._new_pool()
        try:
            future = self._pool.submit(run_configuration, configuration, self.device)
        except futures.process.BrokenProcessPool:  # a worker was killed while it had nothing to do
            self._pool = self._new_pool()
            future = self._pool.submit(run_configuration, configuration, self.device)
        self._running[future] = configuration

    def wait(self, seconds: float) -> list[Ended]:
        """What has ended; waits until something has, at most so many seconds."""
        done, _ = futures.wait(self._running, seconds, return_when=futures.FIRST_COMPLETED)
        ended = []
        for future in done:
            configuration = self._running.pop(future)
            try:
                ended.append(Ended(configuration, future.result()))
            except futures.process.BrokenProcessPool:
                self._pool = None
                ended.append(Ended(configuration, problem="its worker process was killed", lost=True))
            except Exception as error:
                ended.append(Ended(configuration, problem=_sentence(error)))
        return ended

    def close(self) -> None:
        """End the workers; at once if they are still running something."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=bool(self._running))

    def _new_pool(self):
        # joblib.Parallel is a loop over this pool of joblib's; here the loop is our own, because runs are started
        # one by one until the time is up, and a killed worker must cost no more than its run.
        from joblib.externals.loky import get_reusable_executor

        return get_reusable_executor(
            self.room,
            timeout=600,
            kill_workers=True,
            reuse=False,
            initializer=_begin_worker,
            initargs=(os.getpid(),),
            env=dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
        )


class DaskCluster:
    """Workers of a Dask cluster that is already there; they must have the same course installed.

    Args:
        address: the scheduler's, such as "tcp://192.168.1.2:8786".

    Raises:
        ValueError: if Dask is not installed, or no scheduler answers there, or it has no workers.
    """

    def __init__(self, address: str, device: str):
        try:
            import distributed
        except ImportError:
            raise ValueError(
                "A cluster needs Dask, which is not installed here; install it with: pip install -e '.[cluster]'"
            ) from None
        self.address, self.device, self._dask = address, device, distributed
        self._running: dict[Any, RunConfiguration] = {}
        try:
            self._client = distributed.Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"No Dask scheduler answers at {address!r} ({_sentence(error)}); start one with 'dask scheduler' "
                "and workers with 'dask worker ADDRESS --nthreads 1', then give the address that it prints."
            ) from None
        try:
            self._client.wait_for_workers(1, timeout=30)
        except TimeoutError:
            self._client.close()
            raise ValueError(
                f"The Dask scheduler at {address} has no workers; start one for each processor core with "
                "'dask worker ADDRESS --nthreads 1'."
            ) from None

    @property
    def room(self) -> int:
        """Runs at a time: one for each thread of all workers; workers may come and go."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, configuration: RunConfiguration) -> None:
        """Hand a run to the scheduler, which gives it to another worker if the first one dies."""
        future = self._client.submit(run_configuration, configuration, self.device, pure=False)
        self._running[future] = configuration

    def wait(self, seconds: float) -> list[Ended]:
        """What has ended; waits until something has, at most so many seconds."""
        if not self._running:
            time.sleep(seconds)
            return []
        # Time up, or a future that was given up: which of them ended is read from the futures below.
        with self._client.as_current(), suppress(TimeoutError, futures.CancelledError):
            self._dask.wait(list(self._running), seconds, return_when="FIRST_COMPLETED")
        if self._client.status != "running":
            raise ConnectionError(f"the Dask scheduler at {self.address} is gone")
        return [self._end(future) for future in list(self._running) if future.status != "pending"]

    def close(self) -> None:
        """Take back what has not begun and leave the cluster as it is."""
        if self._client.status == "running":
            self._client.cancel(list(self._running))
        self._client.close(timeout=5)

    def _end(self, future) -> Ended:
        configuration = self._running.pop(future)
        try:
            return Ended(configuration, future.result(timeout=60))
        except futures.CancelledError:
            return Ended(configuration, problem="the cluster gave it up", lost=True)
        except Exception as error:
            return Ended(configuration, problem=_sentence(error))


def _sentence(error: BaseException) -> str:
    first = str(error).strip().splitlines()[:1]
    return (
        first[0] if isinstance(error, ValueError) and first else f"{type(error).__name__}: {'; '.join(first)}"
    )


def _begin_worker(parent: int) -> None:
    """Let this worker end soon after the process that started it: nobody would take its results."""
    # A worker shows no bars. Without a lock of its own, tqdm would make one for several processes, and a killed
    # worker would leave it behind.
    tqdm.set_lock(threading.RLock())

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
