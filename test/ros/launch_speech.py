"""`speech.launch.py` with arguments: texts of another recogniser, a namespace, a wake phrase.

For launch_testing; `test_launch.py` runs it.
"""

from __future__ import annotations

import time
import unittest
from pathlib import Path
from typing import Any

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import rclpy
from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from ssp_sam_ros.ros.messages import make, message_class

PATIENCE = 120.0
STRING = "std_msgs/msg/String"
SENT = "/robot/referring_expression"


def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    share = Path(get_package_share_directory("ssp_sam_ros"))
    arguments = {
        "namespace": "robot",
        "source": "none",
        "text": "/heard",
        "activation": "wake_phrase",
        "wake_phrase": "good robot",
    }
    launch_file = PythonLaunchDescriptionSource(str(share / "launch" / "speech.launch.py"))
    actions = [
        IncludeLaunchDescription(launch_file, launch_arguments=arguments.items()),
        launch_testing.actions.ReadyToTest(),
    ]
    return LaunchDescription(actions), {}


class TestSpeech(unittest.TestCase):
    """What is said on the remapped topic comes out in the namespace."""

    @classmethod
    def setUpClass(cls) -> None:
        rclpy.init()
        cls.node = rclpy.create_node("tester")
        cls.sent: list[str] = []
        cls.node.create_subscription(message_class(STRING), SENT, lambda m: cls.sent.append(m.data), 10)
        cls.recogniser = cls.node.create_publisher(message_class(STRING), "/heard", 10)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.destroy_node()
        rclpy.shutdown()

    def wait(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            rclpy.spin_once(self.node, timeout_sec=0.02)

    def test_only_what_follows_the_wake_phrase_goes_out(self) -> None:
        self.wait(
            lambda: self.recogniser.get_subscription_count() and self.node.count_publishers(SENT), "the node"
        )
        # Again and again: the node's publisher may not have found the subscriber yet.
        while not self.sent:
            for text in ("the red mug", "good robot the red zebra", "good robot the red bowl"):
                self.recogniser.publish(make(STRING, data=text))
            heard = time.monotonic() + 2.0
            self.wait(lambda until=heard: self.sent or time.monotonic() > until, "a sentence")
        self.assertEqual(set(self.sent), {"the red bowl"})


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """After SIGINT."""

    def test_the_node_ends_quietly(self, proc_info: Any, proc_output: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
        self.assertNotIn("Traceback", "".join(line.text.decode() for line in proc_output))
