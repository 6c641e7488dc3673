from __future__ import annotations

import re
from pathlib import Path

import pytest

from ssp_sam_ros.interface import NODE_NAME, SERVICES, TOPICS, Direction
from ssp_sam_ros.interface.names import NodeNames


@pytest.mark.parametrize(
    ("key", "name", "type_name"),
    [
        ("image", "/image", "sensor_msgs/msg/Image"),
        ("compressed_image", "/image/compressed", "sensor_msgs/msg/CompressedImage"),
        ("referring_expression", "/referring_expression", "std_msgs/msg/String"),
        ("expressions", "/ssp_sam/expressions", "ssp_sam_msgs/msg/ReferringExpressionArray"),
        ("depth_image", "/depth/image", "sensor_msgs/msg/Image"),
        ("camera_info", "/camera_info", "sensor_msgs/msg/CameraInfo"),
        ("mask", "/ssp_sam/mask", "sensor_msgs/msg/Image"),
        ("bounding_box", "/ssp_sam/bounding_box", "vision_msgs/msg/Detection2D"),
        ("no_target", "/ssp_sam/no_target", "std_msgs/msg/Bool"),
        ("result", "/ssp_sam/result", "ssp_sam_msgs/msg/ReferringResult"),
        ("results", "/ssp_sam/results", "ssp_sam_msgs/msg/ReferringResultArray"),
        ("label_image", "/ssp_sam/label_image", "sensor_msgs/msg/Image"),
        ("overlay", "/ssp_sam/overlay", "sensor_msgs/msg/Image"),
        ("target_points", "/ssp_sam/target_points", "sensor_msgs/msg/PointCloud2"),
        ("diagnostics", "/diagnostics", "diagnostic_msgs/msg/DiagnosticArray"),
    ],
)
def test_names_and_types(key: str, name: str, type_name: str) -> None:
    assert NodeNames(NODE_NAME).resolve(TOPICS[key].name) == name
    assert TOPICS[key].type == type_name


def test_table_is_complete() -> None:
    assert len(TOPICS) == 15
    assert {service.name for service in SERVICES.values()} == {"~/segment", "~/enable"}


def test_qos_of_the_interface() -> None:
    for key in ("image", "compressed_image", "depth_image", "camera_info"):
        assert (TOPICS[key].qos.reliability, TOPICS[key].qos.depth) == ("best_effort", 1)
    for key in ("referring_expression", "expressions"):
        assert (TOPICS[key].qos.reliability, TOPICS[key].qos.depth) == ("reliable", 10)
    outputs = [topic for topic in TOPICS.values() if topic.direction is Direction.OUTPUT]
    assert all(topic.qos.reliability == "reliable" for topic in outputs)
    assert TOPICS["mask"].qos.depth == 1


def test_names_of_several_cameras() -> None:
    assert TOPICS["image"].name_for("left") == "left/image"
    assert TOPICS["compressed_image"].name_for("left") == "left/image/compressed"
    assert TOPICS["mask"].name_for("left") == "~/left/mask"
    assert TOPICS["referring_expression"].name_for("left") == "referring_expression"
    assert TOPICS["diagnostics"].name_for("left") == "/diagnostics"
    assert TOPICS["mask"].name_for("") == "~/mask"


def test_no_name_is_absolute_but_diagnostics() -> None:
    assert [t.key for t in TOPICS.values() if t.name.startswith("/")] == ["diagnostics"]


def test_own_types_exist_in_the_message_package(repository: Path) -> None:
    own = {t.type.split("/")[2] for t in TOPICS.values() if t.type.startswith("ssp_sam_msgs/msg/")}
    own |= {s.type.split("/")[2] for s in SERVICES.values() if s.type.startswith("ssp_sam_msgs/srv/")}
    cmake = (repository / "msg" / "CMakeLists.txt").read_text()
    built = set(re.findall(r'"(?:msg|srv)/(\w+)\.(?:msg|srv)"', cmake))
    assert own <= built
    on_disk = {p.stem for p in (repository / "msg").rglob("*.msg")} | {
        p.stem for p in (repository / "msg").rglob("*.srv")
    }
    assert built == on_disk
