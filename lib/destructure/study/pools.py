"""Where runs are computed: in this process, in worker processes of joblib, or on a Dask cluster.

All three are one pool over an executor: `submit(run)` starts a run, and `wait(seconds)` returns the runs that have
ended by then. Every run uses one thread. (Not `joblib.Parallel`: its Dask backend waits for ever when a scheduler is
gone or a task was given up, and a loop that starts runs one by one can stop when the time is up.)
"""

import os
import threading
import time
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass
class Ended:
    """A run that has ended.

    Attributes:
        rows: its rows; empty if it failed.
        problem: why it failed, "" if it did not.
        lost: whether its worker died on the way; then it may be tried again.
    """

    run: Any
    rows: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""
    lost: bool = False


def make_pool(work: Any, workers: int, scheduler: str | None, device: str) -> "Pool":
    """The pool for some `Work`: a cluster's, worker processes, or this process alone.

    Raises:
        ValueError: if Dask is not installed, or no scheduler answers there, or it has no workers.
    """
    if scheduler:
        return _Cluster(work, scheduler, device)
    return _Processes(work, workers, device) if workers > 1 else Pool(work, device)


class Pool:
    """Runs in this process, one after the other; and what the other pools have in common."""

    room = 1
    loss = ""  # why a run was lost, where that can happen

    def __init__(self, work: Any, device: str):
        self.work, self.device = work, device
        self._running: dict[futures.Future, Any] = {}

    def submit(self, run: Any) -> None:
        """Start a run."""
        self._running[self._start(self.work.compute, run, self.device)] = run

    def wait(self, seconds: float) -> list[Ended]:
        """What has ended; waits until something has, at most so many seconds."""
        if not self._running:
            time.sleep(seconds)
        done, _ = futures.wait(self._running, seconds, return_when=futures.FIRST_COMPLETED)
        return [self._end(future) for future in done]

    def close(self) -> None:
        """End what is still running."""

    def _start(self, compute: Callable, run: Any, device: str) -> futures.Future:
        future = futures.Future()
        try:
            future.set_result(compute(run, device))
        except Exception as error:
            future.set_exception(error)
        return future

    def _end(self, future: futures.Future) -> Ended:
        run = self._running.pop(future)
        try:
            return Ended(run, future.result())
        except (futures.BrokenExecutor, futures.CancelledError):
            return Ended(run, problem=self.loss, lost=True)
        except Exception as error:
            return Ended(run, problem=_sentence(error))


class _Processes(Pool):
    """Worker processes of joblib's own kind (loky): one thread each, replaced when one is killed."""

    loss = "its worker process was killed"

    def __init__(self, work: Any, workers: int, device: str):
        super().__init__(work, device)
        self.room, self._executor = workers, None

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=bool(self._running))

    def _start(self, compute: Callable, run: Any, device: str) -> futures.Future:
        if self._executor is not None:
            try:
                return self._executor.submit(compute, run, device)
            except futures.BrokenExecutor:  # a worker was killed, with a run or without
                pass
        from joblib.externals.loky import get_reusable_executor

        usual = {"timeout": 600, "kill_workers": True, "reuse": False, "env": _ONE_THREAD}
        begin = {"initializer": _begin_worker, "initargs": (os.getpid(),)}
        self._executor = get_reusable_executor(self.room, **usual, **begin)
        return self._executor.submit(compute, run, device)


class _Cluster(Pool):
    """Workers of a Dask cluster that is already there; they must have the same course installed."""

    loss = "the cluster gave it up"

    def __init__(self, work: Any, address: str, device: str):
        super().__init__(work, device)
        try:
            import distributed
        except ImportError:
            raise ValueError(
                "A cluster needs Dask, which is not installed here; install it with: pip install -e '.[cluster]'"
            ) from None
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
        self._address, self._executor = address, self._client.get_executor(pure=False)

    @property
    def room(self) -> int:
        """Runs at a time: one for each thread of all workers; workers may come and go."""
        return max(1, sum(self._client.nthreads().values()))

    def wait(self, seconds: float) -> list[Ended]:
        ended = super().wait(seconds)
        if self._client.status != "running":
            raise ConnectionError(f"the Dask scheduler at {self._address} is gone")
        return ended

    def close(self) -> None:
        if self._client.status == "running":
            self._executor.shutdown(wait=False)
            for future in self._running:
                future.cancel()
        self._client.close(timeout=5)

    def _start(self, compute: Callable, run: Any, device: str) -> futures.Future:
        return self._executor.submit(compute, run, device)


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
