"""The stored rows of a study or plan: which runs are complete, which are missing, and the order of the rows."""

from pathlib import Path
from typing import Any

from destructure.study.storage import ResultsFile, Row


class Table:
    """The rows of some `Work` (see `runner`) in its CSV file, by default `work.file`."""

    def __init__(self, work: Any, path: str | Path | None = None):
        self.work = work
        self.file = ResultsFile(path or work.file, (*work.columns, *work.gained), work.gained)
        self._looked_at: tuple[int, int] | None = None
        self._keys: frozenset[tuple] = frozenset()

    def repair(self) -> str:
        """Remove what something else than this class left half in the file.

        Returns:
            A sentence on what was removed, "" if nothing was.
        """
        torn = self.file.repair()
        stored = self._stored()
        halves = [
            run for run in self.planned() if (keys := self.work.row_keys(run)) & stored and keys - stored
        ]
        if halves:
            out = frozenset().union(*map(self.work.row_keys, halves))
            self.file.rewrite(lambda rows: [row for row in rows if self.work.key_of_row(row) not in out])
        if not torn and not halves:
            return ""
        cut = "Its last line was cut off in the middle. " if torn else ""
        return (
            f"{self.file.path.name} was damaged. {cut}{len(halves)} runs lacked some of their rows and will be run "
            "again; all complete runs are kept."
        )

    def planned(self) -> list:
        """All runs, as far as the rows decide about them."""
        return self.work.planned(self.file.path)

    def missing(self) -> list:
        """The runs without all their rows, in the planned order."""
        return [run for run in self.planned() if not self.is_complete(run)]

    def is_complete(self, run: Any) -> bool:
        """Whether all rows of a run are in the file, whichever process stored them."""
        return self.work.row_keys(run) <= self._stored()

    def add(self, rows: list[dict[str, Any]]) -> bool:
        """Store a run's rows; False if another process has stored them already."""
        return self.file.append(rows, unless=self.work.key_of_row)

    def tidy(self) -> None:
        """Put the rows into the planned order; rows of runs that are not planned go to the end."""
        places = {key: place for place, run in enumerate(self.planned()) for key in self.work.row_keys(run)}

        def order(row: Row) -> tuple:
            key = self.work.key_of_row(row)
            return (places[key], "") if key in places else (len(places), str(key))

        if self.file.path.exists():
            self.file.rewrite(lambda rows: sorted(rows, key=order))

    def _stored(self) -> frozenset[tuple]:
        """Keys of all rows in the file; it is read only if it has changed."""
        try:
            state = self.file.path.stat()
        except FileNotFoundError:
            return frozenset()
        now = (state.st_mtime_ns, state.st_ino)
        if now != self._looked_at:
            self._keys = frozenset(map(self.work.key_of_row, self.file.rows()))
            self._looked_at = now
        return self._keys
