"""A stopped process takes along what it started."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

PARENT = """
import subprocess, sys, time
from tools.guard import guard
guard()
child = subprocess.Popen([sys.executable, "-c", '''
import subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(grandchild.pid, flush=True)
time.sleep(60)
'''], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
time.sleep(60)
"""


def gone(pids, within=6.0):
    end = time.perf_counter() + within
    while time.perf_counter() < end:
        if not any(
            psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
            for pid in pids
        ):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without a signal")
def test_what_a_terminated_process_started_ends_too():
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert all(map(psutil.pid_exists, pids))
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(6) == 128 + signal.SIGTERM
        assert gone(pids)


@pytest.mark.skipif(sys.platform == "win32", reason="needs make")
def test_where_make_is_gone_its_processes_end(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    recipe = f"""
    all:
    \t@true; {sys.executable} {tmp_path / "parent.py"}; true
    """
    (tmp_path / "Makefile").write_text(textwrap.dedent(recipe))
    command = ["make", "-f", str(tmp_path / "Makefile")]
    environment = os.environ | {"PYTHONPATH": "."}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as make:
        pids = [int(pid) for pid in make.stdout.readline().split()]
        assert all(map(psutil.pid_exists, pids))
        make.kill()
        assert gone(pids)
