"""`perception.launch.py` with all its arguments but those that need other weights or devices.

For launch_testing; `test_launch.py` runs it.
"""

from __future__ import annotations

import tempfile
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
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from rclpy.parameter import parameter_value_to_python

PATIENCE = 60.0
NODE = "/robot/ssp_sam"


def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    share = Path(get_package_share_directory("ssp_sam_ros"))
    launch_file = PythonLaunchDescriptionSource(str(share / "launch" / "perception.launch.py"))
    parameters = Path(tempfile.mkdtemp(prefix="ssp_sam_")) / "parameters.yaml"
    parameters.write_text(
        "/**:\n  ros__parameters:\n    max_rate: 3.0\n    device: cuda:7\n    autostart: true\n"
    )
    arguments = {
        "namespace": "robot",
        "image": "/head/image_raw",
        "depth_image": "/head/depth",
        "camera_info": "/head/info",
        "params_file": str(parameters),
        "model": "ssp_sam_224",
        "weights": "random",
        "device": "cpu",
        "image_transport": "compressed",
        "use_sim_time": "true",
        "autostart": "false",
        "log_level": "debug",
    }
    launched = IncludeLaunchDescription(launch_file, launch_arguments=arguments.items())
    return LaunchDescription([launched, launch_testing.actions.ReadyToTest()]), {}


class TestArguments(unittest.TestCase):
    """What reached the node."""

    @classmethod
    def setUpClass(cls) -> None:
        rclpy.init()
        cls.node = rclpy.create_node("tester")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.destroy_node()
        rclpy.shutdown()

    def call(self, kind: Any, name: str, **fields: Any) -> Any:
        """The answer of one of the node's services."""
        client = self.node.create_client(kind, f"{NODE}/{name}")
        self.assertTrue(client.wait_for_service(PATIENCE), name)
        future = client.call_async(kind.Request(**fields))
        deadline = time.monotonic() + PATIENCE
        while not future.done():
            self.assertLess(time.monotonic(), deadline, name)
            rclpy.spin_once(self.node, timeout_sec=0.05)
        return future.result()

    def test_arguments_come_before_the_file_and_the_file_before_the_defaults(self) -> None:
        expected = {
            "max_rate": 3.0,
            "model": "ssp_sam_224",
            "weights": "random",
            "device": "cpu",
            "image_transport": "compressed",
            "use_sim_time": True,
            "autostart": False,
            "max_image_age": 0.5,
        }
        answer = self.call(GetParameters, "get_parameters", names=list(expected))
        values = map(parameter_value_to_python, answer.values)
        self.assertEqual(dict(zip(expected, values, strict=True)), expected)

    def test_without_autostart_it_waits_to_be_configured(self) -> None:
        self.assertEqual(self.call(GetState, "get_state").current_state.label, "unconfigured")


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """After SIGINT."""

    def test_it_ends_quietly(self, proc_info: Any, proc_output: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
        self.assertNotIn("Traceback", "".join(line.text.decode() for line in proc_output))
