from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ssp_sam_ros.cli.processes import ProcessError, ProcessGroup

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN_CODE = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def group(tmp_path: Path) -> ProcessGroup:
    return ProcessGroup(tmp_path / "logs", os.environ)


def _wait_for(path: Path, text: str) -> None:
    deadline = time.monotonic() + 10
    while not (path.is_file() and text in path.read_text()):
        assert time.monotonic() < deadline, f"{path} never said {text!r}"
        time.sleep(0.02)


def test_run_returns_output_and_keeps_errors_in_the_log(group: ProcessGroup) -> None:
    code = "import sys; print('answer'); print('remark', file=sys.stderr)"
    with group:
        group.start("server", SLEEPER)
        assert group.run("client", [sys.executable, "-c", code], timeout=20) == (0, "answer\n")
    assert group.tail("client") == "remark"


def test_a_process_that_ends_early_stops_the_run(group: ProcessGroup) -> None:
    with group, pytest.raises(ProcessError, match="server ended early with exit code 3"):
        group.start("server", [sys.executable, "-c", "print('no weights'); raise SystemExit(3)"])
        group.run("client", SLEEPER, timeout=20)
    assert "no weights" in group.tail("server")


def test_a_failing_run_keeps_its_output(group: ProcessGroup) -> None:
    with group:
        assert group.run("client", [sys.executable, "-c", "print('half'); raise SystemExit(1)"], 20) == (
            1,
            "half\n",
        )


def test_a_run_that_takes_too_long_is_ended(group: ProcessGroup) -> None:
    with group, pytest.raises(ProcessError, match="client was not done after"):
        group.run("client", SLEEPER, timeout=0.2)


def test_leaving_the_block_ends_everything(group: ProcessGroup, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = f"import os, time; open({str(pid_file)!r}, 'w').write(f'{{os.getpid()}}.'); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt), group:
        group.start("server", [sys.executable, "-c", code])
        _wait_for(pid_file, ".")
        raise KeyboardInterrupt
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text().rstrip(".")), 0)


@pytest.mark.parametrize("method", ["start", "run"])
def test_a_signal_while_a_process_is_being_started_ends_it(
    group: ProcessGroup, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    spawn, started = group._spawn, []

    def interrupted(*args: Any) -> subprocess.Popen[bytes]:
        started.append(spawn(*args))
        signal.raise_signal(signal.SIGINT)
        return started[0]

    monkeypatch.setattr(group, "_spawn", interrupted)
    try:
        with pytest.raises(KeyboardInterrupt), group:
            getattr(group, method)("server", SLEEPER, *([20.0] if method == "run" else []))
    finally:
        signal.signal(signal.SIGINT, before)
    assert started[0].poll() is not None


def test_a_process_that_ignores_the_signal_is_killed(group: ProcessGroup, tmp_path: Path) -> None:
    group.start("server", [sys.executable, "-c", STUBBORN_CODE])
    _wait_for(group.log("server"), "up")
    assert group.stop(patience=0.2) == {"server": -signal.SIGKILL}


def test_tail_gives_the_last_lines_only(group: ProcessGroup) -> None:
    with group:
        group.run(
            "talker", [sys.executable, "-c", "import sys\nfor k in range(50): print(k, file=sys.stderr)"], 20
        )
    assert group.tail("talker", lines=2) == "48\n49"
    assert group.tail("nobody") == ""


def test_environment_is_the_given_one(tmp_path: Path) -> None:
    with ProcessGroup(tmp_path, {**os.environ, "ROS_DOMAIN_ID": "77"}) as group:
        _, said = group.run(
            "child", [sys.executable, "-c", "import os; print(os.environ['ROS_DOMAIN_ID'])"], 20
        )
    assert said.strip() == "77"
