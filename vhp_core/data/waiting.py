"""Calls that are waited for no longer than is said."""

import threading
from collections.abc import Callable

# It keeps the name that it had in cmu.py, by which the hash of that data set's source knows it.


def _within(seconds: float, call: Callable[[], None]) -> Exception | None:
    """Run ``call``; None if it went well, else its exception, or a TimeoutError."""
    outcome: list[Exception | None] = []

    def work() -> None:
        try:
            call()
            outcome.append(None)
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return outcome[0] if outcome else TimeoutError(f"no answer within {seconds:g} s")
