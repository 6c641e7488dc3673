"""The perception node and the grasp consumer. Takes the arguments of perception.launch.py, too."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory("ssp_sam_ros"))
HERE = Path(__file__).resolve().parent
OF_THE_PERCEPTION_NODE = ("namespace", "params_file", "use_sim_time", "depth_image", "camera_info")


def consume(context: LaunchContext) -> list[Node]:
    """The consumer with what the arguments say; those that are empty leave it to the parameter file."""
    names = (*OF_THE_PERCEPTION_NODE, "max_width")
    given = {name: LaunchConfiguration(name).perform(context) for name in names}
    parameters: dict[str, Any] = {}
    if given["max_width"]:
        parameters["max_width"] = metres(given["max_width"])
    if given["use_sim_time"]:
        parameters["use_sim_time"] = given["use_sim_time"].lower() in ("true", "1")
    consumer = Node(
        # The interpreter that runs this file: the one in whose environment ROS and the package are.
        executable=sys.executable,
        arguments=[str(HERE / "grasp_node.py")],
        name="grasp_consumer",
        namespace=given["namespace"],
        parameters=[given["params_file"], parameters],
        remappings=[
            ("mask", "ssp_sam/mask"),
            ("result", "ssp_sam/result"),
            ("depth/image", given["depth_image"]),
            ("camera_info", given["camera_info"]),
        ],
        output="screen",
    )
    return [consumer]


def metres(text: str) -> float:
    """A number, also one without a decimal point; raises ValueError."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"max_width:={text} is not a number of metres, e.g. 0.08") from None


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` asks for."""
    perception = PythonLaunchDescriptionSource(str(SHARE / "launch" / "perception.launch.py"))
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "max_width",
                default_value="",
                description="metres the gripper opens; empty: as in params_file, else 0.08",
            ),
            IncludeLaunchDescription(perception),  # declares its arguments, so it comes first
            OpaqueFunction(function=consume),
        ]
    )
