"""The other end of a node that `ros2 launch` started: shared by the scenarios of launch_testing."""

from __future__ import annotations

import time
import unittest
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from ament_index_python.packages import get_package_share_directory
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from ssp_sam_ros.interface import TOPICS
from ssp_sam_ros.interface.image_codec import decode_array, image_fields
from ssp_sam_ros.ros.messages import make, message_class
from ssp_sam_ros.ros.qos import ros_profile
from ssp_sam_ros.sim.clip import Clip, ClipSentence, load_clip

PATIENCE = 300.0  # seconds; a machine that does much else takes minutes to import torch
IOU = 0.5  # that a mask must reach on the clip, where the model is at home
FOUND, NO_TARGET, STALE = 1, 2, 4
SEGMENT = "ssp_sam_msgs/srv/Segment"


def perception(**arguments: str) -> GroupAction:
    """The node as `perception.launch.py` starts it with these arguments, which count for it alone."""
    share = Path(get_package_share_directory("ssp_sam_ros"))
    source = PythonLaunchDescriptionSource(str(share / "launch" / "perception.launch.py"))
    return GroupAction([IncludeLaunchDescription(source, launch_arguments=arguments.items())])


class Scenario(unittest.TestCase):
    """A camera and an operator for the launched node; tests ask about frames of the recorded clip."""

    listens: tuple[str, ...] = ("result",)
    clip: Clip
    node: Any
    received: dict[str, list[Any]]

    @classmethod
    def setUpClass(cls) -> None:
        rclpy.init()
        cls.clip = load_clip()
        cls.node = rclpy.create_node("tester")
        cls.received = {}
        cls._publishers: dict[str, Any] = {}
        for key in cls.listens:
            cls.listen(key)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.destroy_node()
        rclpy.shutdown()

    @classmethod
    def listen(cls, key: str) -> list[Any]:
        """Subscribe to an output by its key in the table; returns what is received."""
        topic, kept = TOPICS[key], cls.received.setdefault(key, [])
        name = topic.name.replace("~", "/ssp_sam")
        cls.node.create_subscription(message_class(topic.type), name, kept.append, ros_profile(topic.qos))
        return kept

    def wait(self, condition: Any, what: str) -> None:
        """Spin until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            rclpy.spin_once(self.node, timeout_sec=0.02)

    def publish(self, topic: str, message: Any, qos: Any = 1) -> None:
        """Send a message, the first time after somebody has subscribed."""
        if topic not in self._publishers:
            publisher = self.node.create_publisher(type(message), topic, qos)
            self._publishers[topic] = publisher
            self.wait(publisher.get_subscription_count, f"a subscription to {topic}")
        self._publishers[topic].publish(message)

    def call(self, type_name: str, name: str, **fields: Any) -> Any:
        """Call a service and wait for its answer."""
        service = message_class(type_name)
        client = self.node.create_client(service, name)
        self.wait(client.service_is_ready, name)
        future = client.call_async(service.Request(**fields))
        self.wait(future.done, f"the answer of {name}")
        self.node.destroy_client(client)
        return future.result()

    def header(self, seconds: float | None = None) -> Any:
        """A header stamped now, or as given."""
        if seconds is None:
            stamp = self.node.get_clock().now().to_msg()
        else:
            stamp = make(
                "builtin_interfaces/msg/Time", sec=int(seconds), nanosec=round(seconds % 1 * 1_000_000_000)
            )
        return make("std_msgs/msg/Header", stamp=stamp, frame_id="head_camera_optical_frame")

    def image(self, frame: int) -> Any:
        """A frame of the clip, stamped now."""
        fields = image_fields(self.clip.image(frame))
        return make("sensor_msgs/msg/Image", header=self.header(), **fields)

    def show(self, frame: int) -> None:
        """Send a frame."""
        self.publish("/head/image_raw", self.image(frame))

    def answers(self, text: str) -> list[Any]:
        """The answers to an expression so far."""
        found = self.received["result"]
        return [r for r in found if r.expression == text and r.outcome in (FOUND, NO_TARGET)]

    def ask(self, text: str, frame: int, show: Any = None) -> Any:
        """Ask and send pictures of a frame until a new answer comes.

        It asks again with every picture, which changes nothing: a publisher may know of a subscription before
        that knows of the publisher, and what is sent in between is lost.
        """
        before, last = len(self.answers(text)), [0.0]

        def answered() -> bool:
            if time.monotonic() - last[0] > 0.3:
                last[0] = time.monotonic()
                self.publish("/referring_expression", make("std_msgs/msg/String", data=text), 10)
                (show or self.show)(frame)
            return len(self.answers(text)) > before

        self.wait(answered, f"an answer to {text!r}")
        return self.answers(text)[-1]

    def overlap(self, result: Any, sentence: ClipSentence, frame: int) -> float:
        """IoU of a result's mask with the truth."""
        inside, truth = decode_array(result.mask) > 0, self.clip.truth(frame, sentence)
        union = np.count_nonzero(inside | truth)
        return float(np.count_nonzero(inside & truth) / union) if union else 1.0
