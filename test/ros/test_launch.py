"""The launch files, as `ros2 launch` reads and runs them; runs the scenarios `launch_*.py` beside this file.

Each in a process of its own, not by launch_testing's pytest plugin: that one wants an old pytest, and test
files whose names differ across folders.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("launch_testing", reason="needs ROS 2: source its setup file")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")

from ament_index_python.packages import get_package_share_directory, get_packages_with_prefixes
from launch.launch_description_sources import get_launch_description_from_python_launch_file

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
    share = Path(get_package_share_directory("ssp_sam_ros"))
    description = get_launch_description_from_python_launch_file(str(share / "launch" / file))
    arguments = {argument.name: argument for argument in description.get_launch_arguments()}
    assert names <= set(arguments)
    assert all(argument.description for argument in arguments.values())


def test_arguments_reach_the_node() -> None:
    run("launch_arguments.py")


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
