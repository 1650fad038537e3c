"""Processes that end with the one that started them, and builds that wait for each other.

So a stopped build leaves none behind, and of two in one folder the second begins after the first.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import psutil
from filelock import FileLock, Timeout

_GRACE = 3.0  # seconds in which a process may end by itself
_NEXT = 0.2  # seconds in which a thread begins what comes next


def guard() -> None:
    """From now on all processes that this one starts end when it is told to stop.

    That is by a signal that asks for it, also where a shell stands between ``make`` and this
    process: then ``make`` is gone, and that is looked for. Call it in the main thread.
    """
    signal.signal(signal.SIGTERM, _stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _stop)
    if "MAKELEVEL" in os.environ:
        makers = [p for p in psutil.Process().parents() if p.name() in ("make", "gmake")]
        if makers:
            threading.Thread(target=_watch, args=(makers[0],), daemon=True).start()


def end_children() -> None:
    """End what this process started, and what that started."""
    family = psutil.Process().children(recursive=True)
    for child in family:
        _tell(child.terminate)
    _, alive = psutil.wait_procs(family, timeout=_GRACE)
    for child in alive:
        _tell(child.kill)
    psutil.wait_procs(alive, timeout=_GRACE)


@contextlib.contextmanager
def one_at_a_time(root: Path) -> Iterator[None]:
    """Work in ``root/_build`` that no other process may do meanwhile; waits until it is free."""
    build = root / "_build"
    build.mkdir(parents=True, exist_ok=True)
    lock = FileLock(build / "in_use.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"another build is at work in {build}; this one begins when it has ended", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _tell(what: Callable[[], None]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        what()


def _stop(number: int, frame: FrameType | None) -> None:
    # The threads that wait for these processes are not asked. What they begin next ends too.
    end_children()
    time.sleep(_NEXT)
    while any(_lives(child) for child in psutil.Process().children()):
        end_children()
        time.sleep(_NEXT)
    os._exit(128 + number)


def _watch(maker: psutil.Process) -> None:
    while maker.is_running() and maker.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.5)
    _stop(signal.SIGTERM, None)
