"""Ctrl-C that waits for the end of a step, so that a run stops where it can go on."""

import signal
import threading
from types import FrameType

__all__ = ["Interrupts"]


class Interrupts:
    """As a context it keeps SIGINT until :meth:`check`; a second one does not wait.

    It does so in the main thread, and where Python's own handler is in place: another's stays.

    Example:
        >>> with Interrupts() as interrupts:
        ...     interrupts.check()
    """

    def __enter__(self) -> "Interrupts":
        self.asked = False
        ours = threading.current_thread() is threading.main_thread()
        self.active = ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self.active:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: type | None, *exception: object) -> None:
        if self.active:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raise the KeyboardInterrupt that was asked for since the last time, if any."""
        asked, self.asked = self.asked, False
        if asked:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            self.asked = False
            raise KeyboardInterrupt
        self.asked = True
