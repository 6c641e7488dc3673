#!/usr/bin/env python3
"""Which thread computes, and how many CPU threads it uses: milliseconds a picture with one expression.

    python benchmarks/threads.py [--variant ssp_sam_tiny] [--weights W] [--repeats 60]

Each line is a process of its own: the main thread alone (the reference), a worker thread beside a main thread
that has loaded and warmed up the network, a worker thread as in the nodes (`perception.threads.in_own_thread`
loads and warms up), and the main thread with one CPU thread. Then the nodes' way again, alone and beside a
process that keeps one processor busy, with threads that wait actively for each other (libgomp's default) or
asleep, and with one thread.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from report import arguments, machine, percentiles, table, write

WAYS = {
    "main thread": "the reference",
    "worker, warmed up by the main thread": "two teams of OpenMP threads",
    "worker, warmed up by a thread that is gone": "as in the nodes",
    "main thread, one CPU thread": "no team at all",
}
AS_IN_THE_NODES, ONE_THREAD = 2, 3
WAITING = {
    "actively (default)": {},
    "asleep": {"OMP_WAIT_POLICY": "PASSIVE"},
    "one thread waits for nobody": {"OMP_NUM_THREADS": "1"},
}
"""How threads wait -> the environment that makes them."""


def measure(way: int, args: argparse.Namespace) -> dict[str, Any]:
    """The times of one way in this process, and how many processors it kept busy."""
    import torch

    from ssp_sam_ros import Segmenter
    from ssp_sam_ros.perception.threads import in_own_thread

    if way == ONE_THREAD:
        torch.set_num_threads(1)

    def ready() -> Segmenter:
        segmenter = Segmenter.load(args.variant, args.weights, "cpu")
        segmenter.warm_up()
        return segmenter

    segmenter = in_own_thread(ready) if way == AS_IN_THE_NODES else ready()
    return (
        _in_thread(lambda: _time(segmenter, args.repeats))
        if way in (1, AS_IN_THE_NODES)
        else _time(segmenter, args.repeats)
    )


def _time(segmenter: Any, repeats: int) -> dict[str, Any]:
    rng, keys, times = np.random.default_rng(0), itertools.count(), []
    pictures = [rng.integers(0, 256, (480, 640, 3), np.uint8) for _ in range(4)]
    for number in range(repeats + 5):
        if number == 5:  # the first ones warm up
            begun, busy = time.perf_counter(), _processor_time()
        started = time.perf_counter()
        segmenter.refer(segmenter.encode(pictures[number % 4], next(keys)), ["the red mug"])
        times.append(1e3 * (time.perf_counter() - started))
    processors = (_processor_time() - busy) / (time.perf_counter() - begun)
    return {**percentiles(times[5:]), "processors": processors}


def _processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _in_thread(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def main() -> None:
    """Measure, print, write."""
    parser = arguments(__doc__, "threads")
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--way", type=int, choices=range(len(WAYS)), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way is not None:
        print(json.dumps(measure(args.way, args)))
        return
    print(machine())
    rows, results = [], {}
    for number, (way, remark) in enumerate(WAYS.items()):
        result = results[way] = _in_process(number, {})
        rows.append([way, result["p50"], result["p90"], result["processors"], remark])
    print(f"\n{args.variant}, 640x480, one expression, milliseconds\n")
    print(table(["who computes", "p50", "p90", "processors busy", ""], rows))
    waiting = {}
    for name, variables in WAITING.items():
        alone = _in_process(AS_IN_THE_NODES, variables)
        with _busy_neighbour():
            beside = _in_process(AS_IN_THE_NODES, variables)
        waiting[name] = {"alone": alone, "beside a busy process": beside}
    rows = [
        [name, *(found[how][p] for how in found for p in ("p50", "p90"))] for name, found in waiting.items()
    ]
    print("\nHow threads wait for each other, milliseconds\n")
    print(table(["threads wait", "alone: p50", "p90", "beside a busy process: p50", "p90"], rows))
    write(args.out, "threads", {"variant": args.variant, "results": results, "waiting": waiting})


def _in_process(way: int, variables: dict[str, str]) -> dict[str, Any]:
    """What `measure` finds in a process with these variables in its environment."""
    command = [sys.executable, *sys.argv, "--way", str(way)]
    environment = {**os.environ, **variables}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@contextmanager
def _busy_neighbour() -> Iterator[None]:
    """Beside a process that wants one processor all the time."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
