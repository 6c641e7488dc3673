"""A camera without ROS beside a node of rclpy: each in a process of its own, on one graph."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("cyclonedds", reason="needs the extra dds")

from ssp_sam_ros.ros.messages import message_class

pytestmark = pytest.mark.ros
TOPIC = "/camera/image_raw"


@pytest.fixture
def start_camera(tmp_path: Path, ros: None) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts `ssp-sam camera` on a folder with one picture."""
    cv2.imwrite(str(tmp_path / "a.png"), np.full((24, 32, 3), 7, np.uint8))
    command = [sys.executable, "-m", "ssp_sam_ros.cli.main", "camera", "--source", str(tmp_path)]
    processes: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        processes.append(subprocess.Popen([*command, "--rate", "20"], stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.parametrize("first", ["camera", "rclpy"])
def test_rclpy_sees_the_camera_whoever_is_first(
    start_camera: Callable[[], Any], request: pytest.FixtureRequest, first: str
) -> None:
    if first == "camera":
        camera = start_camera()
        assert camera.stderr is not None
        camera.stderr.readline()  # it has joined
        tester = request.getfixturevalue("tester")
    else:
        tester = request.getfixturevalue("tester")
        start_camera()
    received: list[Any] = []
    tester.node.create_subscription(message_class("sensor_msgs/msg/Image"), TOPIC, received.append, 1)
    tester.wait(lambda: received, "a picture")
    assert (received[0].width, received[0].height, received[0].encoding) == (32, 24, "rgb8")
    tester.wait(lambda: ("camera", "/") in tester.node.get_node_names_and_namespaces(), "the node's name")
    publisher = tester.node.get_publishers_info_by_topic(TOPIC)[-1]
    assert (publisher.node_name, publisher.topic_type) == ("camera", "sensor_msgs/msg/Image")
    if hasattr(publisher, "topic_type_hash"):  # since Iron
        own = tester.node.get_subscriptions_info_by_topic(TOPIC)[0]
        assert str(publisher.topic_type_hash) == str(own.topic_type_hash)
