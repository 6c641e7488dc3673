"""The filmed demonstration: all its processes, an answer, a film that moves and a page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("cyclonedds", reason="needs the extra dds")
pytest.importorskip("mujoco", reason="needs the extra sim")

from ssp_sam_ros.sim import SimulatorUnavailableError
from ssp_sam_ros.sim.robot import RobotBench


@pytest.mark.slow
@pytest.mark.sim
def test_a_film_and_a_page_of_an_episode(repository: Path, tmp_path: Path) -> None:
    try:
        RobotBench(3, width=160, height=120).close()
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    script = repository / "examples" / "robot_demo.py"
    scene = ["--world", "tabletop", "--seed", "3"]
    domain = ["--domain", str(100 + os.getpid() % 100)]
    done = subprocess.run(
        [sys.executable, str(script), *scene, *domain, "--out", str(tmp_path), "the white ball", "a <zebra>"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(repository)},
        timeout=240,
    )
    logs = "".join(path.read_text() for path in (tmp_path / "logs").glob("*.log"))
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [t["outcome"] for t in told] == ["FOUND", "FAILED"], done.stderr + logs
    assert told[0]["removed"] == ["large white ball"], logs
    assert done.returncode == 1  # one sentence was not answered
    with Image.open(tmp_path / "robot.webp") as film:
        assert film.is_animated and film.n_frames > 10
    page = (tmp_path / "index.html").read_text()
    assert "large white ball" in page and "a &lt;zebra&gt;" in page


def start(repository: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    """The demonstration, with a film and a page of an earlier run in its folder."""
    for name in ("index.html", "robot.webp"):
        (out / name).write_text("of an earlier run")
    script = repository / "examples" / "robot_demo.py"
    domain = ["--domain", str(100 + (os.getpid() + 1) % 100)]
    return subprocess.Popen(
        [sys.executable, str(script), *domain, "--out", str(out), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(repository)},
    )


def test_a_simulator_that_cannot_start_is_told_at_once_with_its_own_words(
    repository: Path, tmp_path: Path
) -> None:
    process = start(repository, tmp_path, "--seed", "-1", "--timeout", "600", "the white ball")
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 1
    assert "robot_demo: error: sim ended early with exit code 1" in errors
    assert "ssp-sam sim: error: " in errors
    assert not list(tmp_path.glob("*.*"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_its_processes_too(number: signal.Signals, repository: Path, tmp_path: Path) -> None:
    process = start(repository, tmp_path, "the white ball")
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not listed.exists():
        process.kill()
        pytest.skip("needs Linux's /proc with the children of a process")
    deadline = time.monotonic() + 120
    while len(children := listed.read_text().split()) < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in errors
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(int(child), 0)
    assert not list(tmp_path.glob("*.*"))
