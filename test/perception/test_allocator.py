from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

# As a picture of 1080p has them, 8 MB of float32: four made, and all dropped, forty times. glibc begins with
# these thresholds, and raises them or not as the process happens to run: here they hold until they are asked.
FAULTS = """
import ctypes, resource, torch
for name in (-1, -3):
    ctypes.CDLL(None).mallopt(name, 2**17)
from ssp_sam_ros.perception.allocator import keep_freed_memory, trim
torch.set_num_threads(1)
asked = keep_freed_memory() if {keep} else None
for _ in range(8):
    blocks = [torch.ones(2**21) for _ in range(4)]
    del blocks
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(40):
    blocks = [torch.ones(2**21) for _ in range(4)]
    del blocks
    if {trimmed}:
        trim()
print(asked, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc's allocator")


def page_faults(keep: bool, trimmed: bool = False, **environment: str) -> tuple[str, int]:
    found = subprocess.run(
        [sys.executable, "-c", FAULTS.format(keep=keep, trimmed=trimmed)],
        env={**{k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}, **environment},
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    return found[0], int(found[1])


@glibc
def test_kept_memory_is_not_faulted_in_again() -> None:
    asked, faults = page_faults(keep=True)
    assert asked == "True"
    assert faults < page_faults(keep=False)[1] / 4


@glibc
def test_the_users_word_on_the_allocator_counts() -> None:
    assert page_faults(keep=True, MALLOC_TRIM_THRESHOLD_="100000")[0] == "False"


@glibc
def test_trimmed_memory_goes_back() -> None:
    assert page_faults(keep=True, trimmed=True)[1] > 4 * page_faults(keep=True)[1]
