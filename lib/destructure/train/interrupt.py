"""Ctrl-C that waits for the current step to end, so that nothing is left half-done."""

import signal
import threading


class InterruptLater:
    """While active, the first Ctrl-C only sets `requested`; a second one interrupts at once, as usual.

    Signals reach the main thread alone; in another thread this does nothing.
    """

    def __init__(self):
        self.requested = False
        self._usual = None

    def __enter__(self) -> "InterruptLater":
        if threading.current_thread() is threading.main_thread():
            self._usual = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *exception) -> None:
        if self._usual is not None:
            signal.signal(signal.SIGINT, self._usual)

    def _note(self, number, frame):
        if self.requested:
            signal.signal(signal.SIGINT, self._usual)
            raise KeyboardInterrupt
        self.requested = True
