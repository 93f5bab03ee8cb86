"""What `Work.run` shows: the cost before the first run, and a bar in seconds of a run, with the time left."""

import math
import sys
from collections.abc import Collection, Iterable
from statistics import fmean
from typing import Any

from tqdm.auto import tqdm

from destructure.statistics import flops_text
from destructure.study.machine import DEVICES
from destructure.study.table import Table

_FORM = "{desc}: {percentage:3.0f}%|{bar}|{postfix} [{elapsed}<{remaining}]"


class Bar(tqdm):
    """All runs of a `Work`, other processes' included, `room` at a time; made, it says what the missing ones cost."""

    def __init__(self, table: Table, room: int, device: str, shown: bool):
        self.table, self.work, self.room = table, table.work, room
        if not shown:
            super().__init__(disable=True)
            return
        missing, planned = table.missing(), table.planned()
        tqdm.write(self._cost(missing, device), file=sys.stderr)
        seconds = [self.work.estimate(run, device)[1] for run in planned]
        mean = fmean(known) if (known := [each for each in seconds if each is not None]) else 1.0
        filled = (mean if each is None else each for each in seconds)
        self.weights = dict(zip(map(self.work.run_name, planned), filled, strict=True))
        usual = {"desc": self.work.name, "bar_format": _FORM, "smoothing": 0}  # 0: the mean speed
        super().__init__(total=sum(self.weights.values()), initial=self._done(missing), **usual)
        self.look()

    @property
    def format_dict(self) -> dict[str, Any]:
        """What tqdm draws from: before a run has ended, as many seconds of a run a second as there is room."""
        usual = super().format_dict
        return usual | {"rate": self.room} if self.n == self.initial else usual

    def look(self, given_up: Collection[str] = ()) -> None:
        """Move to what is stored by now, whoever stored it; runs that failed count as done."""
        if not self.disable:
            left = [run for run in self.table.missing() if self.work.run_name(run) not in given_up]
            all_runs = len(self.weights)
            self.set_postfix_str(f"{all_runs - len(left)} of {all_runs} runs", refresh=False)
            self.update(self._done(left) - self.n)

    def _done(self, left: Iterable[Any]) -> float:
        return sum(self.weights.values()) - sum(self.weights[self.work.run_name(run)] for run in left)

    def _cost(self, runs: Collection[Any], device: str) -> str:
        told = []
        for place in DEVICES:
            estimates = [self.work.estimate(run, place) for run in runs]  # none, if others were faster
            flops, seconds = ([each[part] for each in estimates] for part in (0, 1))
            where = self.work.here if place == "cpu" else f"on {place}, as stored runs took"
            if None not in seconds:
                told.append(f"about {math.ceil(sum(seconds) / self.room / 60)} min {where}")
            elif place == device:
                told.append(f"how long they take on {place} is not known from stored runs")
        cost = "" if None in flops else f", {flops_text(sum(flops))} FLOPs"
        return f"{self.work.name}: {len(runs)} runs to do{cost}, {self.room} at a time: {'; '.join(told)}."
