"""The perception node. `ros2 launch ssp_sam_ros perception.launch.py --show-args` lists the arguments."""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

CONFIG = Path(get_package_share_directory("ssp_sam_ros"), "config", "perception.yaml")

ARGUMENTS = {
    "namespace": ("", "namespace of the node"),
    "image": ("/camera/image_raw", "topic of the pictures; their JPEGs are on <image>/compressed"),
    "depth_image": ("/camera/depth/image_raw", "topic of the depth aligned with the pictures, optional"),
    "camera_info": ("/camera/camera_info", "topic of the depth's calibration, optional"),
    "params_file": (str(CONFIG), "parameter file"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
}
PARAMETERS = {
    "model": "model variant, or path to its JSON file",
    "weights": "weights file",
    "device": "auto, cpu, cuda or cuda:N",
    "image_transport": "raw or compressed",
    "use_sim_time": "true: take the time from /clock",
    "autostart": "false: wait for lifecycle transitions",
}
FLAGS = ("use_sim_time", "autostart")


def start(context: LaunchContext) -> list[Node]:
    """The node with what the arguments say."""
    given = {name: LaunchConfiguration(name).perform(context) for name in (*ARGUMENTS, *PARAMETERS)}
    parameters = {
        name: given[name].lower() in ("true", "1") if name in FLAGS else given[name]
        for name in PARAMETERS
        if given[name]
    }
    image = given["image"]
    node = Node(
        package="ssp_sam_ros",
        executable="perception_node",
        name="ssp_sam",
        namespace=given["namespace"],
        parameters=[given["params_file"], parameters],
        remappings=[
            ("image", image),
            ("image/compressed", f"{image}/compressed"),
            ("depth/image", given["depth_image"]),
            ("camera_info", given["camera_info"]),
        ],
        ros_arguments=["--log-level", f"ssp_sam:={given['log_level']}"],
        output="screen",
        sigterm_timeout="15",  # seconds after SIGINT; the picture at hand is finished first
    )
    return [node]


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` asks for."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    arguments += [
        DeclareLaunchArgument(name, default_value="", description=f"{text}; empty: as in params_file")
        for name, text in PARAMETERS.items()
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])
