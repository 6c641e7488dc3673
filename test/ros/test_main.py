"""`perception_node` as a process: how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")

pytestmark = pytest.mark.ros
Process = subprocess.Popen[str]


@pytest.fixture
def start(ros: None) -> Iterator[Callable[..., Process]]:
    """Starts the node with these arguments after --ros-args."""
    processes: list[Process] = []

    def start(*arguments: str) -> Process:
        command = [sys.executable, "-m", "ssp_sam_ros.ros.perception_node", "--ros-args", *arguments]
        processes.append(subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGINT, signal.SIGINT], [signal.SIGTERM]])
def test_signals_end_it_quietly(start: Any, tester: Any, signals: list[int]) -> None:
    process = start("-p", "autostart:=false")
    tester.wait(lambda: tester.node.count_publishers("/ssp_sam/transition_event"), "the node")
    tester.spin(0.5)
    for number in signals:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("weights:=/nowhere/a.safetensors", "not configured: "),
        ("device:=cuda:99", "not configured: "),
        ("max_rate:=fast", "perception_node: error: parameter 'max_rate' must be a double"),
    ],
)
def test_what_cannot_work_ends_with_one_line(start: Any, argument: str, text: str) -> None:
    process = start("-p", argument)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 1
    assert text in out + err
    assert "Traceback" not in out + err
