"""Child processes with a log file each, ended together."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

_POLL_SECONDS = 0.05


class ProcessError(RuntimeError):
    """A child process ended when it should not have, or took too long; `name` says which."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")
        self.name = name


class ProcessGroup:
    """Processes that run side by side and are ended when the `with` block is left, however it is left.

    Standard output and error of each go to `<folder>/<name>.log`.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._names: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def names(self) -> tuple[str, ...]:
        """All processes started so far, ended or not."""
        return tuple(self._names)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process that is meant to run until the group is stopped."""
        with _signals_afterwards():
            self._running[name] = self._spawn(name, command, self.log(name))

    def run(self, name: str, command: Sequence[str], timeout: float) -> tuple[int, str]:
        """Run a process to its end beside the others; returns its exit code and its standard output.

        Raises:
            ProcessError: it took longer than `timeout` seconds, or one of the others ended meanwhile.
        """
        output = self.folder / f"{name}.out"
        deadline = time.monotonic() + timeout
        process = None
        try:
            with _signals_afterwards():
                process = self._spawn(name, command, output)
            while process.poll() is None:
                self.check()
                if time.monotonic() > deadline:
                    raise ProcessError(name, f"was not done after {timeout:.0f} s")
                time.sleep(_POLL_SECONDS)
        finally:
            if process is not None:
                _end(process, patience=2.0)
        return process.returncode, output.read_text(encoding="utf-8", errors="replace")

    def check(self) -> None:
        """See that every process started is still there.

        Raises:
            ProcessError: one is not.
        """
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ProcessError(name, f"ended early with exit code {process.returncode}")

    def stop(self, patience: float = 8.0) -> dict[str, int]:
        """End what still runs, the last started first; returns the exit codes by name.

        What has not ended `patience` seconds after SIGTERM is killed.
        """
        codes = {}
        for name, process in reversed(self._running.items()):
            codes[name] = _end(process, patience)
        self._running.clear()
        return codes

    def pid(self, name: str) -> int:
        """Process id of a process started with `start`."""
        return self._running[name].pid

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.folder / f"{name}.log"

    def tail(self, name: str, lines: int = 15) -> str:
        """The last lines of a process's log."""
        path = self.log(name)
        if not path.is_file():
            return ""
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _spawn(self, name: str, command: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
        if name not in self._names:
            self._names.append(name)
        log = self.log(name)
        with log.open("wb") as errors, (log if output == log else output).open("wb") as out:
            return subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=errors if output == log else out,
                stderr=errors,
                env=self._environment,
            )


def _end(process: subprocess.Popen[bytes], patience: float) -> int:
    """Ask a process to end, insist after `patience` seconds; returns its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


@contextmanager
def _signals_afterwards() -> Iterator[None]:
    """What ends this process waits: a child that is just being started belongs to nobody yet."""
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield
        return
    came: list[int] = []
    handlers = {
        number: signal.signal(number, lambda received, _: came.append(received))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for received in dict.fromkeys(came):
            signal.raise_signal(received)
