"""The launch files, as `ros2 launch` reads and runs them; runs the scenarios `launch_*.py` beside this file.

Each in a process of its own, not by launch_testing's pytest plugin: that one wants an old pytest, and test
files whose names differ across folders.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

# Not imported here: launch makes every logger created after it one that does not propagate.
if importlib.util.find_spec("launch_testing") is None:
    pytest.skip("needs ROS 2: source its setup file", allow_module_level=True)
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")

from ament_index_python.packages import get_packages_with_prefixes

from ssp_sam_ros.sim import LiveTabletop, SimulatorUnavailableError

pytestmark = pytest.mark.ros
HERE = Path(__file__).parent
CONTRACT = {"namespace", "image", "params_file", "model", "device", "use_sim_time", "autostart", "log_level"}


@pytest.fixture(autouse=True)
def built() -> None:
    """The launch files are looked up where colcon installs them."""
    if "ssp_sam_ros" not in get_packages_with_prefixes():
        pytest.skip("needs ssp_sam_ros built by colcon and sourced")


def run(scenario: str, timeout: float = 1200.0) -> None:
    """Run a scenario with launch_testing on a ROS domain of its own."""
    domain = str(100 + (os.getpid() + 50) % 100)
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH", "")]))  # for launched.py
    own = {"ROS_DOMAIN_ID": domain, "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "PYTHONPATH": path}
    environment = os.environ | own
    command = [sys.executable, "-m", "launch_testing.launch_test", str(HERE / scenario)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "names"),
    [("perception.launch.py", CONTRACT), ("demo.launch.py", CONTRACT | {"source", "rate", "rviz"})],
)
def test_every_argument_of_the_contract_is_there_and_described(file: str, names: set[str]) -> None:
    command = ["ros2", "launch", "ssp_sam_ros", file, "--show-args"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    described = dict(re.findall(r"^ +'(\w+)':\n +(\S.*)$", shown, flags=re.MULTILINE))
    assert names <= set(described)
    assert "no description given" not in shown


def test_arguments_reach_the_node() -> None:
    run("launch_arguments.py")


def test_spoken_texts_reach_the_namespace() -> None:
    run("launch_speech.py")


@pytest.mark.slow
def test_the_launched_node_finds_what_is_asked_for() -> None:
    run("launch_perception.py")


@pytest.mark.slow
def test_launched_nodes_with_inputs_of_other_kinds() -> None:
    run("launch_inputs.py")


@pytest.mark.slow
@pytest.mark.sim
def test_the_demonstration_answers_on_the_simulated_camera() -> None:
    try:
        LiveTabletop(0, width=64, height=48).close()
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    run("launch_demo.py")
