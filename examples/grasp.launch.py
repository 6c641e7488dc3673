"""The perception node and the grasp consumer. Takes the arguments of perception.launch.py, too."""

from __future__ import annotations

import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PythonExpression
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory("ssp_sam_ros"))
HERE = Path(__file__).resolve().parent


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` asks for."""
    perception = PythonLaunchDescriptionSource(str(SHARE / "launch" / "perception.launch.py"))
    consumer = Node(
        # The interpreter that runs this file: the one in whose environment ROS and the package are.
        executable=sys.executable,
        arguments=[str(HERE / "grasp_node.py")],
        name="grasp_consumer",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            {
                "max_width": LaunchConfiguration("max_width"),
                "use_sim_time": PythonExpression(
                    ["'", LaunchConfiguration("use_sim_time"), "'.lower() in ('true', '1')"]
                ),
            }
        ],
        remappings=[
            ("mask", "ssp_sam/mask"),
            ("result", "ssp_sam/result"),
            ("depth/image", LaunchConfiguration("depth_image")),
            ("camera_info", LaunchConfiguration("camera_info")),
        ],
        output="screen",
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument("max_width", default_value="0.08", description="metres the gripper opens"),
            IncludeLaunchDescription(perception),
            consumer,
        ]
    )
