"""A camera, the perception node and, where it is installed, RViz.

Ask with: ros2 topic pub --once /referring_expression std_msgs/msg/String "{data: 'the red bowl'}"
"""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory, get_packages_with_prefixes
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory("ssp_sam_ros"))


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` asks for."""
    has_rviz = "rviz2" in get_packages_with_prefixes()
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "source",
                default_value="sim",
                description="'sim' (the simulated tabletop), a folder, a video or a device's number",
            ),
            DeclareLaunchArgument("rate", default_value="5", description="pictures a second"),
            DeclareLaunchArgument("rviz", default_value=str(has_rviz).lower(), description="start RViz"),
            Node(
                package="ssp_sam_ros",
                executable="ssp-sam",
                name="camera",
                arguments=[
                    *("camera", "--source", LaunchConfiguration("source")),
                    *("--rate", LaunchConfiguration("rate")),
                ],
                output="screen",
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(SHARE / "launch" / "perception.launch.py"))
            ),
            Node(
                package="rviz2",
                executable="rviz2",
                arguments=["-d", str(SHARE / "config" / "demo.rviz")],
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
        ]
    )
