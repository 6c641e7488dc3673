"""Worker processes: a crash or a hang costs one of them and names its input."""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
import time
import traceback
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from fuzzing.kinds import KINDS, Case, generator

_CHUNK = 50
_START_PATIENCE = 300.0  # seconds until a process has loaded the network's libraries
_MEMORY = 16 * 2**30  # bytes of address space; an input must not take the machine with it

FAILURES = ("crash", "died", "hang", "violation")
"""Outcomes that are defects."""


@dataclass(frozen=True)
class Done:
    """What became of one input: the kind's own word or one of `FAILURES`, and the text of a failure."""

    case: Case
    outcome: str
    seconds: float
    text: str = ""


def try_one(seed: int, case: Case) -> Done:
    """One input in this process."""
    from fuzzing.promises import BrokenPromiseError

    begun = time.perf_counter()
    try:
        outcome, text = KINDS[case[0]].fuzz(generator(seed, case)), ""
    except BrokenPromiseError as error:
        outcome, text = "violation", str(error)
    except (Exception, SystemExit):  # broad on purpose: whatever escapes is what is looked for
        outcome, text = "crash", traceback.format_exc()
    return Done(case, outcome, time.perf_counter() - begun, text)


def _work(connection: Connection, seed: int, kinds: Sequence[str], folder: str) -> None:
    """Try the inputs that come over the connection and tell of each until it closes; files go to `folder`."""
    tempfile.tempdir = folder  # a process that is killed removes nothing
    os.environ["OMP_NUM_THREADS"] = "1"  # the processes share the processors among them
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    for kind in kinds:
        _ = KINDS[kind].fuzz
    connection.send("ready")
    while True:
        try:
            chunk: list[Case] = connection.recv()
        except EOFError:
            return
        for case in chunk:
            connection.send(try_one(seed, case))


class _Worker:
    """One process with the inputs it has been given and not told of."""

    def __init__(self, seed: int, kinds: Sequence[str], folder: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, seed, kinds, folder), daemon=True)
        self.process.start()
        theirs.close()
        self.given: deque[Case] = deque()
        self.ready = self.ended = False
        self.hear()

    def hear(self) -> None:
        """It has said something, or has been given work: its silence starts anew."""
        self.heard, self._busy = time.monotonic(), self._processor_time()

    def silence(self) -> tuple[float, float]:
        """Seconds since then: of the processor's time that it took, and on the clock."""
        return self._processor_time() - self._busy, time.monotonic() - self.heard

    def _processor_time(self) -> float:
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def run(cases: Sequence[Case], seed: int, workers: int, limit: float) -> Iterator[Done]:
    """Try all cases in `workers` processes.

    One that takes more than `limit` seconds of the processor's time hangs, as does one that waits ten times
    as long (the machine may be busy with other things).
    """
    with tempfile.TemporaryDirectory(prefix="ssp_sam_fuzz_") as folder:
        yield from _run(cases, seed, workers, limit, folder)


def _run(cases: Sequence[Case], seed: int, workers: int, limit: float, folder: str) -> Iterator[Done]:
    waiting = deque(cases)
    kinds = sorted({name for name, _ in cases})
    pool = [_Worker(seed, kinds, folder) for _ in range(workers)]
    missing = len(waiting)
    try:
        while missing:
            ready = wait([worker.connection for worker in pool], timeout=0.2)
            for number, worker in enumerate(pool):
                done = _hear(worker) if worker.connection in ready else _too_late(worker, limit)
                if done is not None:
                    missing -= 1
                    yield done
                if worker.ended:
                    if not worker.ready:
                        raise RuntimeError("a process of the fuzzer does not start")
                    if worker.given and done is None:
                        missing -= 1
                        yield Done(
                            worker.given.popleft(), "died", 0.0, f"exit code {worker.process.exitcode}"
                        )
                    waiting.extendleft(reversed(worker.given))
                    worker.end()
                    pool[number] = _Worker(seed, kinds, folder)
                elif worker.ready and not worker.given and waiting:
                    chunk = [waiting.popleft() for _ in range(min(_CHUNK, len(waiting)))]
                    worker.given.extend(chunk)
                    worker.hear()
                    worker.connection.send(chunk)
    finally:
        for worker in pool:
            worker.end()


def _hear(worker: _Worker) -> Done | None:
    try:
        said = worker.connection.recv()
    except (EOFError, ConnectionResetError):
        worker.process.join()
        worker.ended = True
        return None
    worker.hear()
    if said == "ready":
        worker.ready = True
        return None
    worker.given.popleft()
    done: Done = said
    return done


def _too_late(worker: _Worker, limit: float) -> Done | None:
    """Kill a process that has said nothing for too long; its first input is the one that hangs."""
    busy, silence = worker.silence()
    worker.ended = not worker.ready and silence > _START_PATIENCE
    if not worker.given or (busy <= limit and silence <= 10 * limit):
        return None
    worker.ended = True
    return Done(worker.given.popleft(), "hang", silence, f"no end after {busy:.1f} s of work")
