"""Speech input. `ros2 launch ssp_sam_ros speech.launch.py --show-args` lists the arguments."""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

CONFIG = Path(get_package_share_directory("ssp_sam_ros"), "config", "speech.yaml")

ARGUMENTS = {
    "namespace": ("", "namespace of the node; that of the perception node"),
    "audio": ("audio", "topic of the sound, with source:=topic"),
    "text": ("text", "topic of another recogniser's texts"),
    "params_file": (str(CONFIG), "parameter file"),
    "log_level": ("info", "debug, info, warn, error or fatal"),
}
PARAMETERS = {
    "source": "microphone, topic or none",
    "audio_type": "type of the sound's messages",
    "text_type": "type of the texts' messages",
    "engine": "pocketsphinx, vosk or whisper",
    "model": "folder of the vosk or faster-whisper model",
    "vocabulary": "vocabulary file",
    "activation": "always, push_to_talk or wake_phrase",
    "wake_phrase": "what a sentence for the robot starts with",
    "use_sim_time": "true: take the time from /clock",
}
FLAGS = ("use_sim_time",)


def start(context: LaunchContext) -> list[Node]:
    """The node with what the arguments say."""
    given = {name: LaunchConfiguration(name).perform(context) for name in (*ARGUMENTS, *PARAMETERS)}
    parameters = {
        name: given[name].lower() in ("true", "1") if name in FLAGS else given[name]
        for name in PARAMETERS
        if given[name]
    }
    node = Node(
        package="ssp_sam_ros",
        executable="speech_node",
        name="speech",
        namespace=given["namespace"],
        parameters=[given["params_file"], parameters],
        remappings=[("audio", given["audio"]), ("text", given["text"])],
        ros_arguments=["--log-level", f"speech:={given['log_level']}"],
        output="screen",
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
