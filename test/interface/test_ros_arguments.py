from __future__ import annotations

from pathlib import Path

import pytest

from ssp_sam_ros.interface.ros_arguments import split_ros_arguments


def test_a_line_without_ros_arguments_is_left_alone() -> None:
    assert split_ros_arguments(["node", "--model", "x"]) == (["node", "--model", "x"], None)


def test_everything_that_a_node_takes(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("/**:\n  ros__parameters:\n    max_rate: 1.0\n    device: cpu\n")
    plain, ros = split_ros_arguments(
        [
            "node",
            "--ros-args",
            *("-r", "image:=/cam/image", "--remap", "__ns:=/robot", "-r", "__node:=eyes"),
            *("-p", "max_rate:=4", "-p", "cameras:=[left, right]", "--param", "weights:="),
            *("--params-file", str(file), "--log-level", "debug", "--disable-rosout-logs"),
            "--",
            "--device",
            "cpu",
            "--ros-args",
            *("-p", "eyes:max_image_age:=2.0", "-p", "other:max_image_age:=9.0"),
        ]
    )
    assert plain == ["node", "--device", "cpu"]
    assert ros is not None
    names = ros.names_for("ssp_sam")
    assert names.full_name == "/robot/eyes"
    assert names.resolve("image") == "/cam/image"
    assert ros.log_level == "debug"
    assert ros.parameters_for(names) == {
        "max_rate": 4,
        "device": "cpu",
        "cameras": ["left", "right"],
        "weights": "",
        "max_image_age": 2.0,
    }


def test_a_value_on_the_command_line_beats_a_file_wherever_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("/**:\n  ros__parameters:\n    max_rate: 1.0\n")
    _, ros = split_ros_arguments(["--ros-args", "-p", "max_rate:=2.0", "--params-file", str(file)])
    assert ros is not None
    assert ros.parameters_for(ros.names_for("ssp_sam")) == {"max_rate": 2.0}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--model", "x"], "unknown argument '--model'"),
        (["-r"], "needs a value"),
        (["-r", "image=/x"], "name:=value"),
        (["-r", ":=/x"], "name:=value"),
        (["-r", "im age:=/x"], "topic name"),
        (["-r", "__node:=a/b"], "node name"),
        (["-p", "a:=["], "not YAML"),
        (["-p", "a:=2026-02-30"], "not YAML"),
        (["-p", "a:=" + "[" * 5000], "'a' is nested too deeply"),
        (["-e", "/secret"], "enclaves"),
    ],
)
def test_mistakes_are_named(arguments: list[str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        split_ros_arguments(["--ros-args", *arguments])


def test_topic_scheme_and_node_prefix_of_remaps() -> None:
    _, ros = split_ros_arguments(["--ros-args", "-r", "rostopic://image:=/x", "-r", "other:camera_info:=/y"])
    assert ros is not None
    names = ros.names_for("ssp_sam")
    assert names.resolve("image") == "/x"
    assert names.resolve("camera_info") == "/camera_info"
