"""Commands as processes of their own, on a DDS domain of this test process's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PATIENCE = 180.0  # a machine that is busy takes its time to import the network's libraries


class Command:
    """A running `ssp-sam` command; its log is standard error."""

    def __init__(self, log: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self._log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ssp_sam_ros.cli.main", *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
            )

    @property
    def log(self) -> str:
        """What it has written to standard error so far."""
        return self._log.read_text()

    def wait_for_log(self, text: str) -> None:
        """Until its log has the text."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.log:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it; returns its exit code."""
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def finish(self) -> tuple[int, str]:
        """Wait for its end; returns exit code and standard output."""
        output, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, output


@pytest.fixture
def domain() -> dict[str, str]:
    """Settings of a DDS domain that other processes and machines do not share."""
    return {"ROS_DOMAIN_ID": str(100 + os.getpid() % 100), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


@pytest.fixture
def ssp_sam(tmp_path: Path, repository: Path, domain: dict[str, str]) -> Iterator[Callable[..., Command]]:
    """Starts a command: `ssp_sam("camera", "--source", ...)`; what still runs at the end is killed."""
    environment = os.environ | domain | {"PYTHONPATH": str(repository)}
    running: list[Command] = []

    def start(*arguments: str) -> Command:
        running.append(Command(tmp_path / f"{len(running)}.log", arguments, environment))
        return running[-1]

    yield start
    for command in running:
        if command.process.poll() is None:
            command.process.kill()
            command.process.communicate()
