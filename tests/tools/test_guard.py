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


POOL = """
import os, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
from tools.guard import guard
guard()
def run(_):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    os.write(1, f"{child.pid}\\n".encode())  # one call: print's two may mix with another's
    child.wait()
with ThreadPoolExecutor(2) as pool:
    list(pool.map(run, range(12)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without a signal")
def test_what_its_threads_go_on_to_start_ends_as_well():
    command = [sys.executable, "-c", POOL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(60) == 128 + signal.SIGTERM
        pids += [int(line) for line in parent.stdout]
    assert len(pids) > 2
    assert gone(pids)


HOLDER = """
import sys
from pathlib import Path
from tools.guard import one_at_a_time
with one_at_a_time(Path(sys.argv[1])):
    print("has it", flush=True)
    sys.stdin.readline()
"""


def test_a_second_build_in_one_folder_says_that_it_waits_and_then_begins(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as first, subprocess.Popen(command, **pipes) as second:
        order = first.stdout.readline(), second.stdout.readline()
        assert sorted("another build is at work" in line for line in order) == [False, True]
        holder, waiter = (first, second) if order[0] == "has it\n" else (second, first)
        holder.communicate("\n", timeout=30)
        assert waiter.stdout.readline() == "has it\n"
        waiter.communicate("\n", timeout=30)


def test_a_build_that_was_stopped_holds_nothing(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as stopped:
        assert stopped.stdout.readline() == "has it\n"
        stopped.kill()
    with subprocess.Popen(command, **pipes) as after:
        assert after.stdout.readline() == "has it\n"
        after.communicate("\n", timeout=30)
