"""Runs `launch_grasp.py` in a process of its own (see test/ros/test_launch.py)."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Not imported here: launch makes every logger created after it one that does not propagate.
if importlib.util.find_spec("launch_testing") is None:
    pytest.skip("needs ROS 2: source its setup file", allow_module_level=True)
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")
pytest.importorskip("message_filters", reason="needs ROS 2's message_filters")

from ament_index_python.packages import get_packages_with_prefixes

pytestmark = pytest.mark.ros


@pytest.mark.slow
def test_the_launched_consumer_sends_a_grasp_of_what_was_asked_for() -> None:
    if "ssp_sam_ros" not in get_packages_with_prefixes():
        pytest.skip("needs ssp_sam_ros built by colcon and sourced")
    domain = str(100 + (os.getpid() + 75) % 100)
    environment = {**os.environ, "ROS_DOMAIN_ID": domain, "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    scenario = Path(__file__).with_name("launch_grasp.py")
    command = [sys.executable, "-m", "launch_testing.launch_test", str(scenario)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
