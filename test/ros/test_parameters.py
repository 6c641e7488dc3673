"""Parameters as `ros2 param` sees them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")

from rclpy.parameter import Parameter

from ssp_sam_ros.interface import PARAMETERS
from ssp_sam_ros.ros.messages import make

pytestmark = pytest.mark.ros


def describe(tester: Any, *names: str) -> list[Any]:
    answer = tester.call(
        "rcl_interfaces/srv/DescribeParameters", "/ssp_sam/describe_parameters", names=list(names)
    )
    return list(answer.descriptors)


def set_parameter(tester: Any, name: str, value: Any) -> Any:
    parameters = [Parameter(name, value=value).to_parameter_msg()]
    answer = tester.call("rcl_interfaces/srv/SetParameters", "/ssp_sam/set_parameters", parameters=parameters)
    return answer.results[0]


def test_every_parameter_is_described(start_node: Any, tester: Any) -> None:
    start_node()
    names = [name for name in PARAMETERS if name != "use_sim_time"]  # rclpy's own
    for found, spec in zip(describe(tester, *names), [PARAMETERS[name] for name in names], strict=True):
        assert (found.name, found.description, found.read_only) == (
            spec.name,
            spec.description,
            spec.read_only,
        )
        if spec.minimum is not None:
            (limits,) = [*found.integer_range, *found.floating_point_range]
            assert (limits.from_value, limits.to_value) == (spec.minimum, spec.maximum)
        assert all(choice in found.additional_constraints for choice in spec.choices)


def test_overrides(start_node: Any) -> None:
    arguments = ["-p", "max_rate:=5", "-p", "no_target_min_pixels:=7", "-p", "cameras:=[left, right]"]
    node = start_node(*arguments).node
    assert node.get_parameter("max_rate").value == 5.0
    assert node.get_parameter("no_target_min_pixels").value == 7
    assert node.get_parameter("cameras").value == ["left", "right"]
    assert node.get_parameter("device").value == "auto"


def test_one_camera_has_no_name(start_node: Any) -> None:
    assert start_node().node.get_parameter("cameras").value == [""]


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("max_rate:=fast", "'max_rate' must be a double"),
        ("dtype:=float64", "'dtype' must be one of auto, float32, bfloat16, float16"),
        ("no_target_threshold:=2.0", "at most 1"),
    ],
)
def test_overrides_that_do_not_fit(start_node: Any, argument: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        start_node("-p", argument)


def test_an_unknown_name_is_told(start_node: Any, capfd: Any) -> None:
    start_node("-p", "max_ratee:=5.0")
    assert "unknown parameter 'max_ratee': did you mean 'max_rate'?" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("no_target_threshold", 1.5, "range"),
        ("max_expressions", 0, "range"),
        ("max_rate", float("nan"), "nan"),
        ("model", "ssp_sam_336", "read-only"),
        ("max_rate", "fast", "type"),
    ],
)
def test_refused_values_change_nothing(
    start_node: Any, tester: Any, name: str, value: Any, reason: str
) -> None:
    node = start_node().node
    before = node.get_parameter(name).value
    result = set_parameter(tester, name, value)
    assert not result.successful
    assert reason in result.reason.lower()
    assert node.get_parameter(name).value == before


def test_values_change_while_running(start_node: Any, tester: Any) -> None:
    node = start_node()
    assert node.segmenter.no_target_threshold == PARAMETERS["no_target_threshold"].default
    assert set_parameter(tester, "no_target_threshold", 0.25).successful
    tester.wait(lambda: node.segmenter.no_target_threshold == 0.25)
    assert set_parameter(tester, "no_target_min_pixels", 9).successful
    tester.wait(lambda: node.segmenter.no_target_min_pixels == 9)


def test_a_change_outlives_cleanup(start_node: Any, tester: Any) -> None:
    node = start_node("-p", "autostart:=false")
    assert set_parameter(tester, "no_target_threshold", 0.25).successful
    change = make("lifecycle_msgs/msg/Transition", id=1)
    assert tester.call("lifecycle_msgs/srv/ChangeState", "/ssp_sam/change_state", transition=change).success
    assert node.segmenter.no_target_threshold == 0.25


def test_qos_overrides_are_parameters(start_node: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    prefix = "qos_overrides./ssp_sam/mask.publisher"
    node = start_node("-p", f"{prefix}.depth:=3").node
    assert node.get_parameter(f"{prefix}.depth").value == 3
    assert node.get_parameter(f"{prefix}.reliability").value == "reliable"


def test_a_qos_override_that_does_not_fit_stops_configure(start_node: Any, capfd: Any) -> None:
    node = start_node("-p", "qos_overrides./ssp_sam/mask.publisher.reliability:=perhaps")
    assert not node.started
    assert "not configured: QoS reliability must be one of reliable, best_effort" in capfd.readouterr().err


def test_simulated_time_can_be_switched_on_while_running(start_node: Any, tester: Any, helpers: Any) -> None:
    node = start_node()
    tester.listen("/ssp_sam/result")
    assert helpers.ask(tester, "the bright patch").header.stamp.sec > 7
    assert set_parameter(tester, "use_sim_time", True).successful
    assert node.node.get_parameter("use_sim_time").value is True
    stamp = make("builtin_interfaces/msg/Time", sec=7)

    def answered() -> bool:
        tester.send("/clock", make("rosgraph_msgs/msg/Clock", clock=stamp))
        tester.spin(0.05)
        tester.say("the bright patch")
        tester.send("/camera/image_raw", helpers.image(stamp=7.0))
        tester.spin(0.05)
        return any(r.header.stamp.sec == 7 and r.outcome == 1 for r in tester.received["/ssp_sam/result"])

    tester.wait(answered)


def test_the_shipped_file_leaves_a_launch_files_simulated_time(start_node: Any, repository: Path) -> None:
    """launch_ros puts what SetParameter sets for all nodes before a node's own file."""
    file = repository / "config" / "perception.yaml"
    node = start_node("-p", "use_sim_time:=true", "--params-file", str(file)).node
    assert node.get_parameter("use_sim_time").value is True
