"""Who is running what: two processes that work on the same plan share its runs instead of doing them twice."""

from contextlib import suppress
from pathlib import Path

import filelock


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
