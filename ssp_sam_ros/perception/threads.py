"""CPU threads: how many an operation uses, and why loading and warming up want a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import torch

Value = TypeVar("Value")


def use_threads(count: int) -> None:
    """Let an operation use that many CPU threads; 0: as many as torch chooses, one for each core.

    Counts for threads that have computed nothing yet, and for the calling one.
    """
    if count:
        torch.set_num_threads(count)


def in_own_thread(work: Callable[[], Value]) -> Value:
    """`work()` in a thread that ends with it; what it raises is raised here.

    OpenMP (libgomp) gives every thread that computes a team of helpers of its own, for as long as that thread
    lives. With a second team there are more threads than processors, and none of them waits actively for the
    next piece of work any more: two threads then take turns on one processor. Measured on two processors, a
    worker thread took 55 to 65 ms a picture beside a main thread that had warmed the network up, and 40 ms
    where that had been done in a thread that was gone by then (`benchmarks/threads.py`).

    An interrupt while waiting is raised at once. The thread goes on then, and dies with the process.
    """
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = work()
        except BaseException as error:
            outcome["error"] = error  # handed on below, in the thread that asked

    thread = threading.Thread(target=run, name="ssp_sam loader", daemon=True)
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    value: Value = outcome["value"]
    return value
