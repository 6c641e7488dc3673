"""`demo.launch.py` as it comes: the simulated camera, the perception node, and this operator.

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
from launch.actions import IncludeLaunchDescription, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource

from ssp_sam_ros.interface import TOPICS
from ssp_sam_ros.ros.messages import make, message_class
from ssp_sam_ros.ros.qos import ros_profile

PATIENCE = 120.0
FOUND, NO_TARGET = 1, 2


def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    share = Path(get_package_share_directory("ssp_sam_ros"))
    launch_file = PythonLaunchDescriptionSource(str(share / "launch" / "demo.launch.py"))
    actions = [
        SetEnvironmentVariable("OMP_NUM_THREADS", "2"),
        IncludeLaunchDescription(launch_file, launch_arguments={"rviz": "false", "device": "cpu"}.items()),
        launch_testing.actions.ReadyToTest(),
    ]
    return LaunchDescription(actions), {}


class TestDemo(unittest.TestCase):
    """What the launch file's first lines promise."""

    @classmethod
    def setUpClass(cls) -> None:
        rclpy.init()
        cls.node = rclpy.create_node("tester")
        cls.results: list[Any] = []
        result, text = TOPICS["result"], TOPICS["referring_expression"]
        cls.node.create_subscription(
            message_class(result.type), "/ssp_sam/result", cls.results.append, ros_profile(result.qos)
        )
        cls.operator = cls.node.create_publisher(message_class(text.type), "/referring_expression", 10)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.destroy_node()
        rclpy.shutdown()

    def wait(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            rclpy.spin_once(self.node, timeout_sec=0.02)

    def ask(self, text: str) -> Any:
        """The first answer on a picture of the simulated camera."""

        def answers() -> list[Any]:
            return [r for r in self.results if r.expression == text and r.outcome in (FOUND, NO_TARGET)]

        self.wait(
            lambda: self.node.count_publishers("/ssp_sam/result") and self.operator.get_subscription_count(),
            "the node",
        )
        self.operator.publish(make("std_msgs/msg/String", data=text))
        self.wait(answers, f"an answer to {text!r}; so far {[(r.outcome, r.reason) for r in self.results]}")
        return answers()[0]

    def test_what_the_camera_sees_is_found(self) -> None:
        result = self.ask("the red bowl")
        self.assertEqual(result.outcome, FOUND)
        self.assertEqual((result.mask.width, result.mask.height), (640, 480))
        self.assertEqual(result.header.frame_id, "camera_optical_frame")

    def test_what_it_does_not_see_is_not(self) -> None:
        self.assertEqual(self.ask("the red mug").outcome, NO_TARGET)


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """After SIGINT."""

    def test_camera_and_node_end_quietly(self, proc_info: Any, proc_output: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
        self.assertNotIn("Traceback", "".join(line.text.decode() for line in proc_output))
