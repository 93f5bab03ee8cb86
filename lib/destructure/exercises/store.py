"""Keeps a learner's answers in one JSON file, safely.

What it must survive: a kernel restart, two notebooks writing at once, the power cut in the middle of a write, a full
disk, a damaged file, and a file that a newer version of the course has written.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from destructure.exercises.records import Answers, Damaged, Newer, Record, from_text, to_text
from destructure.exercises.workplace import work_folder
from destructure.files import temporary_prefix, write_atomically

FILE = "answers.json"

_LOCK_SECONDS = 10


class NotSaved(Exception):
    """An answer could not be written; the text says why, and that the earlier answers are intact."""


class AnswerStore:
    """The answers of one learner, in `answers.json` of one folder (the work folder by default)."""

    def __init__(self, folder: str | Path | None = None):
        self.folder = Path(folder) if folder is not None else work_folder()
        self.path = self.folder / FILE

    def read(self) -> Answers:
        """All records. Nothing is created or written, except that a damaged file is put aside."""
        try:
            return Answers(self._load())
        except Damaged:
            return self._put_aside()
        except Newer as problem:
            return Answers({}, str(problem))
        except OSError as problem:
            return Answers(
                {}, f"{self.path.name} cannot be read ({problem.strerror or problem}); answers are not shown."
            )

    def record(self, id: str) -> Record:
        """The record of one exercise; an empty one if there is none."""
        return self.read().records.get(id, Record())

    def update(self, id: str, change: Callable[[Record], Record]) -> tuple[Record, str]:
        """Change one record; other processes' changes to it and to others are kept.

        Returns:
            The new record, and a notice about the file ("" if all is well).

        Raises:
            NotSaved: if it cannot be written; the file is as it was before.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                answers = self._load_or_rescue()
                record = change(answers.records.get(id, Record()))
                self._write(answers.records | {id: record})
                return record, answers.notice
        except Newer as problem:
            raise NotSaved(str(problem)) from None
        except OSError as problem:
            raise NotSaved(
                f"Your answer could not be saved ({problem.strerror or problem}). What was saved before is"
                f" intact; make room in, or allow writing to, the folder “{self.folder.name}”, then check"
                " again."
            ) from None

    # --- reading ---------------------------------------------------------------------------------------------

    def _load(self) -> dict[str, Record]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except UnicodeDecodeError:
            raise Damaged("it is not text") from None
        return from_text(text)

    def _load_or_rescue(self) -> Answers:
        """Read, with the lock held; a damaged file is put aside and whatever could be read of it kept."""
        try:
            return Answers(self._load())
        except Damaged as damage:
            aside = _free_name(self.folder)
            if damage.rescued:
                shutil.copy2(self.path, aside)  # first, so that a full disk leaves everything where it was
                self._write(damage.rescued)
            else:
                os.replace(self.path, aside)
            kept = f"{len(damage.rescued)} answers could still be read; " if damage.rescued else ""
            return Answers(
                damage.rescued,
                f"{FILE} was damaged ({damage}). {kept}the damaged file is kept as {aside.name}, nothing was"
                " deleted.",
            )

    def _put_aside(self) -> Answers:
        try:
            with self._locked():
                return self._load_or_rescue()
        except Newer as problem:
            return Answers({}, str(problem))
        except OSError as problem:
            return Answers({}, f"{FILE} is damaged and cannot be put aside ({problem.strerror or problem}).")

    # --- writing ---------------------------------------------------------------------------------------------

    @contextmanager
    def _locked(self):
        import filelock

        try:
            with filelock.FileLock(self.folder / (FILE + ".lock"), timeout=_LOCK_SECONDS):
                yield
        except filelock.Timeout:
            raise TimeoutError(
                None, f"another program has been writing {FILE} for {_LOCK_SECONDS} seconds"
            ) from None

    def _write(self, records: dict[str, Record]) -> None:
        """Replace the file at once: at every moment it is either the old one or the new one, whole."""
        for left_over in self.folder.glob(temporary_prefix(self.path) + "*"):  # of a process that was killed:
            left_over.unlink(missing_ok=True)  # we hold the lock
        write_atomically(self.path, to_text(records).encode("utf-8"))


def _free_name(folder: Path) -> Path:
    stem = f"answers.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = (folder / f"{stem}{'' if number == 0 else f'-{number}'}.json" for number in range(10_000))
    return next(name for name in names if not name.exists())
