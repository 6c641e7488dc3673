from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

# Twenty times as a picture of 1080p has them: 8 MB of float32, made and dropped.
FAULTS = """
import resource, torch
from ssp_sam_ros.perception.allocator import keep_freed_memory, trim
torch.set_num_threads(1)
asked = keep_freed_memory() if {keep} else None
for _ in range(3):
    torch.ones(2**21).sum()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(2**21).sum()
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
    assert faults < 20 * 2048 / 10  # of 2,048 pages a block


@glibc
def test_the_users_word_on_the_allocator_counts() -> None:
    assert page_faults(keep=True, MALLOC_TRIM_THRESHOLD_="100000")[0] == "False"


@glibc
def test_trimmed_memory_goes_back() -> None:
    assert page_faults(keep=True, trimmed=True)[1] > 10 * page_faults(keep=True)[1]
