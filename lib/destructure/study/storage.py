"""A CSV file that grows run by run: whole at every moment, whatever is killed, however many processes write.

Two processes that work on the same table share its runs (`Claims`) instead of doing them twice.

Each change writes the complete new file beside the old one and puts it in its place at once, under a lock. So there
is no moment at which a row, or a run of several rows, is half in the file. For the few thousand rows of a study that
costs milliseconds; a run costs seconds.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock

from destructure.files import write_alone

LOCKS = ".running"
"""Hidden folder beside the results that holds lock files; it may be deleted while nothing runs."""

_LOCK_SECONDS = 60

Row = dict[str, str]


class ResultsFile:
    """Rows of text in a CSV file (UTF-8, a header, one line per row).

    Args:
        path: the file; it is made with its folder when the first row comes.
        columns: its columns, in order.
        gained: those of them, at the end, that older files lack: there they read as empty.
    """

    def __init__(self, path: str | Path, columns: Sequence[str], gained: Sequence[str] = ()):
        self.path, self.columns, self.gained = Path(path), tuple(columns), tuple(gained)

    def rows(self) -> list[Row]:
        """All whole rows, as they stand in the file; a torn last line is left out.

        Raises:
            ValueError: if the file has other columns, or a row in the middle is damaged.
        """
        return self._parse(self._whole_lines()[0])

    def append(self, rows: Iterable[Mapping[str, Any]], unless: Callable[[Row], Any] | None = None) -> bool:
        """Add the rows of one run: all of them or none.

        Args:
            rows: the new rows, with exactly the file's columns (gained ones may be absent).
            unless: the key of a row; if a row of the file has the last new row's, another process was faster and
                nothing is added.

        Returns:
            Whether the rows were added.
        """
        rows = [self._as_text(row) for row in rows]
        if not rows:
            return False
        with self._locked():
            content, _ = self._whole_lines()
            present = self._parse(content)
            if unless and any(unless(old) == unless(rows[-1]) for old in present):
                return False
            if content.split("\n", 1)[0].removeprefix("\ufeff") != ",".join(self.columns):
                content = self._text(present, header=True)
            self._write(content + self._text(rows))
            return True

    def rewrite(self, change: Callable[[list[Row]], list[Row]]) -> None:
        """Replace all rows by `change(rows)`, at once; a torn last line goes. No change, no writing."""
        with self._locked():
            content, torn = self._whole_lines()
            before = self._parse(content)
            after = change(list(before))
            if torn or after != before:
                self._write(self._text(after, header=True))

    def repair(self) -> bool:
        """Cut off a torn last line, which only something else than this class can have left; whether there was one.

        Everything before it stays as it is, byte for byte.
        """
        if not self._whole_lines()[1]:
            return False
        with self._locked():
            content, torn = self._whole_lines()
            if torn:
                self._write(content)
            return bool(torn)

    @property
    def lock_folder(self) -> Path:
        """Where lock files lie."""
        return self.path.parent / LOCKS

    # --- the file --------------------------------------------------------------------------------------------

    def _whole_lines(self) -> tuple[str, bytes]:
        """The complete lines, and what stands after the last one of them."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return "", b""
        end = content.rfind(b"\n") + 1
        try:
            return content[:end].decode("utf-8"), content[end:]
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{self.path.name} is not UTF-8 text (byte {error.start}); restore it from the repository."
            ) from None

    def _parse(self, content: str) -> list[Row]:
        lines = list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline="")))
        if not lines:
            return []
        header = tuple(lines[0])
        older = self.columns[: len(self.columns) - len(self.gained)]
        if header not in (self.columns, older):
            raise ValueError(
                f"{self.path.name} was written with other columns (it differs in {_unlike(header, self.columns)}); "
                "rename it and let the study make a new one, or use the version of the course that wrote it."
            )
        for number, cells in enumerate(lines[1:], start=2):
            if len(cells) != len(header):
                raise ValueError(
                    f"{self.path.name}, row {number}: {len(cells)} cells where {len(header)} are needed; restore the "
                    "file from the repository, or delete this row and run the study again."
                )
        empty = dict.fromkeys(self.columns, "")
        return [empty | dict(zip(header, cells, strict=True)) for cells in lines[1:]]

    def _as_text(self, row: Mapping[str, Any]) -> Row:
        row = dict.fromkeys(self.gained) | row
        if set(row) != set(self.columns):
            raise ValueError(
                f"A row for {self.path.name} has other columns; it differs in {_unlike(row, self.columns)}."
            )
        text = {name: "" if row[name] is None else str(row[name]) for name in self.columns}
        broken = [name for name, cell in text.items() if "\n" in cell or "\r" in cell]
        if broken:
            raise ValueError(f"{broken[0]} is {text[broken[0]]!r}; a cell must stand on one line.")
        return text

    def _text(self, rows: Iterable[Row], header: bool = False) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        if header:
            writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def _write(self, text: str) -> None:
        write_alone(self.path, text.encode("utf-8"))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.lock_folder.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(self.lock_folder / f"{self.path.name}.lock", timeout=_LOCK_SECONDS):
                yield
        except filelock.Timeout:
            raise ValueError(
                f"Another program has been writing {self.path.name} for {_LOCK_SECONDS} seconds; wait for it or stop "
                "it, then try again: what was finished is kept."
            ) from None


def _unlike(one: Iterable[str], other: Iterable[str]) -> str:
    """The columns that only one of two headers has, at most three by name."""
    different = sorted(set(one) ^ set(other)) or ["the order of its columns"]
    more = f" and {len(different) - 3} more" if len(different) > 3 else ""
    return ", ".join(different[:3]) + more


class Claims:
    """The runs that this process has taken. A claim ends with its process, also when that is killed.

    Args:
        folder: where the claims' lock files lie; made if it does not exist.
        name: what the runs belong to, such as the name of their results file.
    """

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name
        self._held: dict[str, filelock.BaseFileLock] = {}

    def take(self, run: str) -> bool:
        """Claim a run; False if another process has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.folder / f"{self.name}.{run}.lock", thread_local=False)
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        self._held[run] = lock
        return True

    def release(self, run: str) -> None:
        """Give a run back; its results, if any, must be stored by now."""
        lock = self._held.pop(run, None)
        if lock is None:
            return
        # Before the release: whoever waits at the removed file finds the run done, or does it twice, and a run that
        # is done twice is stored once.
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()

    def release_all(self) -> None:
        """Give back everything."""
        for run in list(self._held):
            self.release(run)
