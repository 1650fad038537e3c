"""What a step frees is there for the next one."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# How many blocks the C library has asked the system for one by one, and gives back when they are
# freed: its mallinfo2().hblks, before and after a block of so many bytes is made.
ASKED = """
import ctypes
import torch
{first}
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]
library = ctypes.CDLL(None)
library.mallinfo2.restype = Info
before = library.mallinfo2().hblks
block = torch.empty({size}, dtype=torch.uint8)
print(library.mallinfo2().hblks - before)
"""


def asked(first, size, **settings):
    """In a process of its own, with these settings of the C library and no others.

    A cluster of Dask sets some in the process that starts it, for all that come after.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")} | settings
    command = [sys.executable, "-c", ASKED.format(first=first, size=size)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="of GNU's C library, 2.33 and later",
)
def test_blocks_of_a_step_come_from_memory_that_was_freed():
    size = 20 * 2**20
    assert asked("", size) == 1  # the system's, to be given back
    assert asked("import vhp_core.vae", size) == 0
    assert asked("import vhp_core.vae", 2 * size) == 1  # beyond the C library's own limit
    # Who has set the C library's thresholds, as a worker of Dask does, decides for himself.
    assert asked("import vhp_core.vae", size, MALLOC_TRIM_THRESHOLD_="65536") == 1
