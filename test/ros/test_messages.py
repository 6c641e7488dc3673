"""rclpy's messages from the session's builder."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")

from rclpy.serialization import deserialize_message, serialize_message

from ssp_sam_ros.ros.messages import make, message_class
from ssp_sam_ros.session.diagnostics import Level, Status
from ssp_sam_ros.session.messages import OUTCOME_CODES, MessageBuilder

pytestmark = pytest.mark.ros


@pytest.fixture(autouse=True)
def checked_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """Message setters check types only when told to."""
    monkeypatch.setenv("ROS_PYTHON_CHECK_FIELDS", "1")


def test_a_package_or_type_that_is_not_there_is_named() -> None:
    with pytest.raises(
        ImportError, match=r"nowhere_msgs/msg/Sound needs the ROS package nowhere_msgs.*source"
    ):
        message_class("nowhere_msgs/msg/Sound")
    with pytest.raises(
        ImportError, match=r"package std_msgs that is sourced has no type std_msgs/msg/Sound:"
    ):
        message_class("std_msgs/msg/Sound")


def test_pixels_stay_bytes() -> None:
    image = MessageBuilder(make).image(
        make("std_msgs/msg/Header"), np.arange(12, dtype=np.uint8).reshape(3, 4)
    )
    assert isinstance(image.data, array)
    assert list(image.data) == list(range(12))


def test_points_survive_the_wire() -> None:
    points = np.arange(6, dtype=np.float32).reshape(2, 3)
    cloud = MessageBuilder(make).points(make("std_msgs/msg/Header"), points)
    received = deserialize_message(serialize_message(cloud), type(cloud))
    np.testing.assert_array_equal(np.frombuffer(received.data, np.float32).reshape(-1, 3), points)
    assert [field.name for field in received.fields] == ["x", "y", "z"]


def test_diagnostics_survive_the_wire() -> None:
    status = Status("ssp_sam: input", Level.WARN, "no publisher", values={"rate": 3})
    array_message = MessageBuilder(make).diagnostics(make("std_msgs/msg/Header"), [status])
    received = deserialize_message(serialize_message(array_message), type(array_message))
    assert received.status[0].level == type(received.status[0]).WARN
    assert received.status[0].values[0].value == "3"


def test_numpy_scalars_become_numbers() -> None:
    box = make("vision_msgs/msg/BoundingBox2D", size_x=np.float32(1.5), size_y=2)
    assert deserialize_message(serialize_message(box), type(box)).size_x == 1.5


def test_outcome_codes_are_the_messages_constants() -> None:
    result = message_class("ssp_sam_msgs/msg/ReferringResult")
    assert {outcome.name: code for outcome, code in OUTCOME_CODES.items()} == {
        name: getattr(result, name) for name in ("FOUND", "NO_TARGET", "FAILED", "STALE")
    }
