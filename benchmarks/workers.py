"""One process a library: it waits for a line of JSON, measures, and answers with a line of JSON."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import setting

PAUSE = 0.05  # seconds before each command, for the other process's threads to come to rest


class Skipped(Exception):
    """What was asked for is not there; the message says why."""


def serve(tasks: dict[str, Callable[..., dict]]) -> None:
    """Answer commands ``{"task": name, argument: value, ...}`` until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = tasks[command.pop("task")](**command)
        except Skipped as reason:
            answer = {"skipped": str(reason)}
        print(json.dumps(answer), file=answers, flush=True)


class Worker:
    """A running process of one of the modules of this folder that :func:`serve`."""

    def __init__(self, module: str):
        self.module = module
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}"],
            cwd=setting.HERE.parent,
            env=os.environ | {"OMP_NUM_THREADS": str(setting.THREADS), "TQDM_DISABLE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.stdin.close()
        self.process.wait()

    def send(self, task: str, **arguments) -> None:
        time.sleep(PAUSE)
        print(json.dumps({"task": task, **arguments}), file=self.process.stdin, flush=True)

    def receive(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"benchmarks.{self.module} stopped: see its message above")
        answer = json.loads(line)
        if "skipped" in answer:
            raise Skipped(answer["skipped"])
        return answer

    def ask(self, task: str, **arguments) -> dict:
        """Give a command and wait for its answer."""
        self.send(task, **arguments)
        return self.receive()

    def peak_anonymous(self, task: str, **arguments) -> float:
        """Give a command; the most memory, in MB, that is no file's, seen while it runs.

        Linux says it in /proc; a mapped file's pages are not counted, the heap is. Looked at every
        two milliseconds. NaN on other systems.
        """
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            self.ask(task, **arguments)
            return float("nan")
        peak = 0
        self.send(task, **arguments)

        while not select.select([self.process.stdout], [], [], 0.002)[0]:
            peak = max(peak, _anonymous_kilobytes(status))
        peak = max(peak, _anonymous_kilobytes(status))
        self.receive()
        return peak * 1024 / 1e6


def _anonymous_kilobytes(status: Path) -> int:
    for line in status.read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0
