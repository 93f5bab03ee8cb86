"""The loop over runs: what is missing is run, stored as it ends, and found done the next time."""

import time
from abc import ABC, abstractmethod
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from destructure.files import data_folder
from destructure.study.machine import DEVICES, choose_device
from destructure.study.pools import Ended, make_pool
from destructure.study.progress import Bar
from destructure.study.storage import Claims, Row
from destructure.study.table import Table

_LOOK_EVERY = 1.0  # seconds between looks at what other processes have stored
_FAILURES_IN_A_ROW = 5
_KEPT = "Finished runs are stored; the same command goes on from here."


class SweepStopped(Exception):
    """Running cannot go on; the text says why. What was finished is stored."""


@dataclass
class Report:
    """What one call of `Work.run` did.

    Attributes:
        name, file: of the study or plan.
        planned: how many runs there are.
        before: runs that were complete at the beginning.
        added: runs that this call computed and stored.
        missing: runs that are still missing.
        failures: runs that raised an error, each with a sentence; they have no rows and are tried again next time.
        repaired: what was repaired in the file, "" if nothing.
    """

    name: str
    file: Path
    planned: int = 0
    before: int = 0
    added: int = 0
    missing: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    repaired: str = ""

    def __str__(self) -> str:
        counts = (
            f"{self.name}: {self.added} runs added to {self.file.name}, {self.before} were there before, "
            f"{self.missing} of {self.planned} are missing"
        )
        failed = [f"failed: {described}: {why}" for described, why in self.failures]
        return "\n".join(filter(None, [self.repaired, *failed, counts]))


class Work(ABC):
    """Runs that belong together, and the table of their rows: what a `Study` and a `Plan` have in common.

    Attributes:
        name: of the table, data/results/NAME.csv.
        columns: of the table.
        gained: columns after those that older tables lack; rows from before leave them empty.
        devices: on which of `DEVICES` it can run.
        here: where a run on the processor takes as long as `estimate` says.
    """

    name: str
    columns: tuple[str, ...]
    gained: tuple[str, ...] = ()
    here: ClassVar = "here"
    devices: ClassVar = DEVICES

    @abstractmethod
    def planned(self, file: Path | None = None) -> list[Any]:
        """All runs, in the order of the table; those that cannot begin yet included."""

    @abstractmethod
    def run_name(self, run: Any) -> str:
        """A name that only this run has."""

    @abstractmethod
    def row_keys(self, run: Any) -> frozenset[tuple]:
        """The keys of all rows that the complete run has."""

    @abstractmethod
    def key_of_row(self, row: Row) -> tuple:
        """The key of a stored row."""

    @abstractmethod
    def compute(self, run: Any, device: str) -> list[dict[str, Any]]:
        """The rows of a run."""

    def is_ready(self, run: Any) -> bool:
        """Whether a run can begin; a reporting run cannot before its learning rate is known."""
        return True

    @abstractmethod
    def estimate(self, run: Any, device: str) -> tuple[float | None, float | None]:
        """Training FLOPs of a run, and its seconds on a device; `None` where nobody knows."""

    def describe(self, run: Any) -> str:
        """A run in a few words, for messages."""
        return str(run)

    def check(self) -> None:  # noqa: B027
        """Raise ValueError if some run can never begin."""

    def finish(self, table: Table) -> None:  # noqa: B027
        """What is done with the table at the end, such as putting it in order."""

    @property
    def file(self) -> Path:
        """Where the rows go unless another file is named: data/results/NAME.csv."""
        return data_folder() / "results" / f"{self.name}.csv"

    def missing(self, file: str | Path | None = None) -> list[Any]:
        """The runs that have no rows yet, in their order."""
        return Table(self, file).missing()

    def run(
        self,
        *,
        workers: int = 1,
        scheduler: str | None = None,
        minutes: float | None = None,
        device: str = "auto",
        file: str | Path | None = None,
        progress: bool = True,
    ) -> Report:
        """Run what is missing and store each run's rows as it ends.

        It may be interrupted or killed at any moment: the next call goes on, and only the runs that were under way
        begin anew. Several processes may work on the same table at once; they share its runs.

        Args:
            workers: runs at a time on this machine, one thread each; above 1, each in a process of joblib's.
            scheduler: address of a Dask scheduler; its workers are used instead.
            minutes: start no further run after this time; those under way are finished.
            device: "auto" (CUDA where there is one), "cpu", "cuda" or "mps" (Apple's GPU; nobody has tried it).
            file: where the rows go, by default `file`.
            progress: say what it costs, then show a bar with the time left.

        Raises:
            ValueError: if an argument or the plan is not usable, or the file is not a table of this kind.
            SweepStopped: if workers keep dying, the cluster is gone, or five runs in a row failed.
        """
        _require(workers, minutes)
        if device not in ("auto", *self.devices):
            raise ValueError(f"device is {device!r}; {self.name} runs on {', '.join(self.devices)}, or auto.")
        chosen = self.devices[0] if device == "auto" and (scheduler or len(self.devices) == 1) else device
        place = chosen if scheduler else choose_device(chosen).type  # a cluster's workers have their own
        self.check()
        table = Table(self, file)
        report = Report(self.name, table.file.path, repaired=table.repair())
        planned, waiting = self.planned(table.file.path), table.missing()
        report.planned, report.before = len(planned), len(planned) - len(waiting)
        if not waiting:
            self.finish(table)
            return report
        pool = make_pool(self, workers, scheduler, device)
        claims = Claims(table.file.lock_folder, table.file.path.name)
        try:
            with closing(Bar(table, pool.room, place, progress)) as bar:
                _Loop(self, table, pool, claims, report, bar, minutes).go()
        except ConnectionError as error:
            raise SweepStopped(f"The sweep stopped: {error}. {_KEPT}") from None
        finally:
            pool.close()
            claims.release_all()
            self.finish(table)
            report.missing = len(table.missing())
        return report


class _Loop:
    """Starts runs while there is room and time, and stores them as they end."""

    def __init__(self, work, table, pool, claims, report, bar, minutes):
        self.work, self.table, self.pool, self.claims = work, table, pool, claims
        self.report, self.bar = report, bar
        self.under_way, self.given_up = {}, set()
        self.in_a_row = {"failed": 0, "lost": 0}
        self.until = time.monotonic() + 60 * minutes if minutes is not None else float("inf")

    def go(self) -> None:
        waiting = self._waiting()
        while waiting or self.under_way:
            while waiting and len(self.under_way) < self.pool.room and time.monotonic() <= self.until:
                self._start(waiting.popleft())
            for ended in self.pool.wait(_LOOK_EVERY):
                self._take(ended)
            self.bar.look(self.given_up)
            if not waiting and time.monotonic() <= self.until:
                waiting = self._waiting()  # what other processes gave back; reports, once all is tuned
            elif time.monotonic() > self.until:
                waiting.clear()

    def _waiting(self) -> deque:
        """Runs that can begin now, other processes' included."""
        out = {*self.under_way, *self.given_up}
        return deque(
            run
            for run in self.table.missing()
            if self.work.is_ready(run) and self.work.run_name(run) not in out
        )

    def _start(self, run: Any) -> None:
        name = self.work.run_name(run)
        if not self.claims.take(name):
            return  # another process is at it; it is missing or complete at the next look
        if self.table.is_complete(run):
            self.claims.release(name)  # stored by another process just before
            return
        self.under_way[name] = run
        self.pool.submit(run)

    def _take(self, ended: Ended) -> None:
        name = self.work.run_name(ended.run)
        del self.under_way[name]
        if ended.rows:
            self.report.added += self.table.add(ended.rows)
            self.in_a_row = dict.fromkeys(self.in_a_row, 0)
        elif ended.lost:
            self._bad("lost", ended.problem)
        else:
            self.given_up.add(name)
            self.report.failures.append((self.work.describe(ended.run), ended.problem))
            self._bad("failed", ended.problem)
        self.claims.release(name)

    def _bad(self, kind: str, problem: str) -> None:
        self.in_a_row[kind] += 1
        if self.in_a_row[kind] >= _FAILURES_IN_A_ROW * (self.pool.room if kind == "lost" else 1):
            raise SweepStopped(
                f"The sweep stopped because run after run failed, the last one because {problem}. {_KEPT}"
            )


def _require(workers: int, minutes: float | None) -> None:
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise ValueError(f"workers is {workers!r}; give the number of runs at a time, 1 or more.")
    if minutes is not None and not minutes >= 0:
        raise ValueError(f"minutes is {minutes!r}; give a time of 0 or more, or None for no limit.")
