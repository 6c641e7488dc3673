"""Runs `launch_perception.py`.

In a process of its own, not by launch_testing's pytest plugin: that one wants an old pytest, and test files
whose names differ across folders.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("launch_testing", reason="needs ROS 2: source its setup file")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")

from ament_index_python.packages import get_packages_with_prefixes

pytestmark = pytest.mark.ros
SCENARIO = Path(__file__).with_name("launch_perception.py")


@pytest.mark.slow
def test_the_launched_node_finds_what_is_asked_for() -> None:
    if "ssp_sam_ros" not in get_packages_with_prefixes():
        pytest.skip("needs ssp_sam_ros built by colcon and sourced")
    domain = str(100 + (os.getpid() + 50) % 100)
    environment = {**os.environ, "ROS_DOMAIN_ID": domain, "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    command = [sys.executable, "-m", "launch_testing.launch_test", str(SCENARIO)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
