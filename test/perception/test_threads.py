from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
import torch

from ssp_sam_ros.perception.threads import in_own_thread, use_threads


def test_the_value_and_the_error_come_back():
    here = threading.get_ident()
    assert in_own_thread(threading.get_ident) != here
    with pytest.raises(ValueError, match="no such weights"):
        in_own_thread(lambda: exec("raise ValueError('no such weights')"))
    with pytest.raises(SystemExit):
        in_own_thread(sys.exit)


def test_no_helpers_of_openmp_stay_behind():
    """With a second team of them, a worker thread would be left with one processor's worth of work."""
    code = """
import os, sys, time
import torch
from ssp_sam_ros.perception.threads import in_own_thread

def compute():
    x = torch.ones(512, 512)
    return (x @ x).relu().sum().item(), len(os.listdir("/proc/self/task"))

before = len(os.listdir("/proc/self/task"))
_, during = in_own_thread(compute)
deadline = time.monotonic() + 20
while len(os.listdir("/proc/self/task")) > before and time.monotonic() < deadline:
    time.sleep(0.01)
after = len(os.listdir("/proc/self/task"))
_, kept = compute()
sys.exit(f"{before} {during} {after} {kept}" if not before == after < kept < during + 1 else 0)
"""
    environment = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, stderr=subprocess.PIPE
    )
    assert done.returncode == 0, done.stderr


def test_the_number_of_threads_counts_for_threads_to_come():
    before = torch.get_num_threads()
    try:
        use_threads(3)
        assert in_own_thread(torch.get_num_threads) == 3
        use_threads(0)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
