"""The loop over a plan: what is missing is run, stored as it ends, and found done the next time."""

import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from tqdm.auto import tqdm

from destructure.study.claims import Claims
from destructure.study.configuration import RunConfiguration
from destructure.study.machine import choose_device, require_device_word
from destructure.study.plan import Plan, describe, planned_flops
from destructure.study.pools import DaskCluster, Ended, OneProcess, WorkerProcesses
from destructure.study.table import PlanTable

_LOOK_EVERY = 1.0  # seconds between looks at what other processes have stored
_FAILURES_IN_A_ROW = 5


class SweepStopped(Exception):
    """The sweep cannot go on; the text says why. What was finished is stored."""


@dataclass
class SweepReport:
    """What one call of `run_plan` did.

    Attributes:
        before: runs of the plan that were complete at the beginning.
        added: runs that this call computed and stored.
        missing: runs of the plan that are still missing.
        failures: runs that raised an error, each with a sentence; they have no rows and are tried again next time.
        repaired: what was repaired in the file, "" if nothing.
    """

    plan: Plan
    file: Path
    before: int = 0
    added: int = 0
    missing: int = 0
    failures: list[tuple[RunConfiguration, str]] = field(default_factory=list)
    repaired: str = ""

    def __str__(self) -> str:
        counts = (
            f"{self.plan.name}: {self.added} runs added to {self.file.name}, {self.before} were there before, "
            f"{self.missing} of {len(self.plan.runs)} are missing"
        )
        failed = [f"failed: {describe(configuration)}: {why}" for configuration, why in self.failures]
        return "\n".join(filter(None, [self.repaired, *failed, counts]))


def run_plan(
    plan: Plan,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    minutes: float | None = None,
    device: str = "auto",
    file: str | Path | None = None,
    progress: bool = True,
) -> SweepReport:
    """Run what is missing of a plan and store each run's rows as it ends.

    It may be interrupted or killed at any moment: the next call goes on, and only the runs that were under way begin
    anew. Several processes may work on the same plan at once; they share its runs. When nothing is missing, the rows
    are in the plan's order, so the finished table is the same whatever happened on the way (the columns of
    `columns.MACHINE` aside).

    Args:
        workers: runs at a time on this machine, one thread each; above 1, each in a process of joblib's.
        scheduler: address of a Dask scheduler; its workers are used instead.
        minutes: start no further run after this time; those under way are finished.
        device: "auto" (CUDA where there is one), "cpu" or "cuda".
        file: where the rows go, by default `plan.file`.
        progress: show a bar with the time left, by FLOPs.

    Raises:
        ValueError: if an argument or the plan is not usable, or the file is not a sweep's table.
        SweepStopped: if workers keep dying, the cluster is gone, or five runs in a row failed.
    """
    _require(workers, minutes)
    (require_device_word if scheduler else choose_device)(
        device
    )  # a cluster's workers have devices of their own
    plan.check()
    table = PlanTable(plan, file)
    report = SweepReport(plan, table.file.path, repaired=table.repair())
    waiting = table.missing()
    report.before = len(plan.runs) - len(waiting)
    if not waiting:
        table.tidy()
        return report
    pool = _pool(workers, scheduler, device)
    claims = Claims(table.file.lock_folder, table.file.path.name)
    try:
        with _bar(plan, waiting, progress) as bar:
            _Loop(table, pool, claims, report, bar, waiting, minutes).run()
    except ConnectionError as error:
        raise SweepStopped(f"The sweep stopped: {error}. {_KEPT}") from None
    finally:
        pool.close()
        claims.release_all()
        table.tidy()
        report.missing = len(table.missing())
    return report


_KEPT = "Finished runs are stored; the same command goes on from here."


class _Loop:
    """Starts runs while there is room and time, and stores them as they end."""

    def __init__(self, table, pool, claims, report, bar, waiting, minutes):
        self.table, self.pool, self.claims, self.report, self.bar = table, pool, claims, report, bar
        self.waiting = deque(waiting)
        self.under_way = 0
        self.in_a_row = {"failed": 0, "lost": 0}
        self.until = time.monotonic() + 60 * minutes if minutes is not None else float("inf")

    def run(self) -> None:
        while self._start() or self.under_way or self._others_are_busy():
            for ended in self.pool.wait(_LOOK_EVERY):
                self.under_way -= 1
                self._take(ended)

    def _start(self) -> bool:
        """Start what there is room for; whether something was started."""
        started = False
        for _ in range(len(self.waiting)):
            if self.under_way >= self.pool.room or time.monotonic() > self.until:
                break
            configuration = self.waiting.popleft()
            if configuration.run in self.table.complete():
                self._count(configuration)  # another process stored it
            elif not self.claims.take(configuration.run):
                self.waiting.append(configuration)  # another process is at it; look again later
            elif configuration.run in self.table.complete():
                self.claims.release(configuration.run)  # it was stored just before the claim was given back
                self._count(configuration)
            else:
                self.pool.submit(configuration)
                self.under_way += 1
                started = True
        return started

    def _others_are_busy(self) -> bool:
        return bool(self.waiting) and time.monotonic() <= self.until

    def _take(self, ended: Ended) -> None:
        configuration = ended.configuration
        if ended.rows:
            self.report.added += self.table.add(ended.rows)
            self.in_a_row = dict.fromkeys(self.in_a_row, 0)
            self._count(configuration)
        elif ended.lost:
            self.waiting.appendleft(configuration)
            self._bad("lost", ended.problem)
        else:
            self.report.failures.append((configuration, ended.problem))
            self._count(configuration)
            self._bad("failed", ended.problem)
        self.claims.release(configuration.run)

    def _bad(self, kind: str, problem: str) -> None:
        self.in_a_row[kind] += 1
        if self.in_a_row[kind] >= _FAILURES_IN_A_ROW * (self.pool.room if kind == "lost" else 1):
            raise SweepStopped(
                f"The sweep stopped because run after run failed, the last one because {problem}. {_KEPT}"
            )

    def _count(self, configuration: RunConfiguration) -> None:
        self.bar.update(planned_flops(configuration))
        self.bar.set_postfix_str(
            f"{self.report.before + self.report.added} of {len(self.report.plan.runs)} runs"
        )


def _pool(workers: int, scheduler: str | None, device: str):
    if scheduler:
        return DaskCluster(scheduler, device)
    return WorkerProcesses(workers, device) if workers > 1 else OneProcess(device)


def _bar(plan: Plan, waiting: list[RunConfiguration], progress: bool) -> tqdm:
    total = plan.flops
    return tqdm(
        total=total,
        initial=total - sum(map(planned_flops, waiting)),
        desc=plan.name,
        unit="FLOP",
        unit_scale=True,
        smoothing=0.05,
        disable=not progress,
    )


def _require(workers: int, minutes: float | None) -> None:
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise ValueError(f"workers is {workers!r}; give the number of runs at a time, 1 or more.")
    if minutes is not None and not minutes >= 0:
        raise ValueError(f"minutes is {minutes!r}; give a time of 0 or more, or None for no limit.")
