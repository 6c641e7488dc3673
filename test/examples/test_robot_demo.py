"""The filmed demonstration: all its processes, an answer, a film that moves and a page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
