from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from rosbags.typesys import get_types_from_msg

from ssp_sam_ros.dds.messages import deserialize, make, serialize, type_hash, typestore
from ssp_sam_ros.interface import TOPICS
from ssp_sam_ros.interface.message_files import message_folder, message_texts


def test_defaults_are_zero_empty_and_false() -> None:
    result = make("ssp_sam_msgs/msg/ReferringResult")
    assert (result.expression, result.outcome, result.embedding_cached) == ("", 0, False)
    assert result.unknown_words == []
    assert (result.mask.height, len(result.mask.data)) == (0, 0)
    assert result.box.center.position.x == 0.0
    assert (result.depth_pixels, result.centroid.z, result.extent.x) == (0, 0.0, 0.0)
    info = make("sensor_msgs/msg/CameraInfo")
    assert info.k.tolist() == [0.0] * 9
    assert (result.FOUND, result.NO_TARGET, result.FAILED, result.STALE) == (1, 2, 3, 4)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(TypeError, match=r"std_msgs/msg/Bool has no field value"):
        make("std_msgs/msg/Bool", value=True)


@pytest.mark.parametrize("key", list(TOPICS))
def test_every_message_of_the_table_survives_the_wire(key: str) -> None:
    data = serialize(make(TOPICS[key].type), TOPICS[key].type)
    assert serialize(deserialize(data, TOPICS[key].type), TOPICS[key].type) == data


def test_a_full_result_survives_the_wire() -> None:
    mask = make(
        "sensor_msgs/msg/Image",
        height=2,
        width=3,
        step=3,
        encoding="mono8",
        data=np.arange(6, dtype=np.uint8),
    )
    result = make(
        "ssp_sam_msgs/msg/ReferringResult",
        expression="the größte mug",
        outcome=1,
        mask=mask,
        score=0.25,
        unknown_words=["a", "bc", ""],
        stage_times=make("ssp_sam_msgs/msg/StageTimes", queue=0.125, total=0.5),
        embedding_cached=True,
        depth_pixels=2**32 - 1,
        centroid=make("geometry_msgs/msg/Point", x=-0.5, y=0.25, z=math.nan),
        extent=make("geometry_msgs/msg/Vector3", z=2.0),
    )
    array = make("ssp_sam_msgs/msg/ReferringResultArray", results=[result, result])
    back = deserialize(
        serialize(array, "ssp_sam_msgs/msg/ReferringResultArray"), "ssp_sam_msgs/msg/ReferringResultArray"
    )
    assert back.results[1].expression == "the größte mug"
    assert back.results[1].mask.data.tolist() == [0, 1, 2, 3, 4, 5]
    assert back.results[0].unknown_words == ["a", "bc", ""]
    assert back.results[0].stage_times == result.stage_times
    assert back.results[0].depth_pixels == 2**32 - 1
    assert (back.results[0].centroid.x, back.results[0].extent) == (-0.5, result.extent)
    assert math.isnan(back.results[0].centroid.z)


def test_pictures_are_views_of_the_bytes_received() -> None:
    data = serialize(make("sensor_msgs/msg/Image", data=np.zeros(1000, np.uint8)), "sensor_msgs/msg/Image")
    picture = deserialize(data, "sensor_msgs/msg/Image")
    assert np.shares_memory(picture.data, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize(
    ("type_name", "digest"),
    [
        # As `ros2 topic info -v` of Jazzy prints them.
        ("std_msgs/msg/String", "df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18"),
        ("sensor_msgs/msg/Image", "d31d41a9a4c4bc8eae9be757b0beed306564f7526c88ea6a4588fb9582527d47"),
    ],
)
def test_type_hashes_are_those_of_ros(type_name: str, digest: str) -> None:
    assert type_hash(type_name) == f"RIHS01_{digest}"


@pytest.mark.parametrize("distribution", ["humble", "jazzy", "lyrical", "rolling"])
def test_distributions(distribution: str) -> None:
    store = typestore(distribution)
    for topic in TOPICS.values():
        assert topic.type in store.fielddefs
    for name in ("rmw_dds_common/msg/ParticipantEntitiesInfo", "rosgraph_msgs/msg/Clock"):
        assert name in store.fielddefs


def test_unknown_distribution() -> None:
    with pytest.raises(ValueError, match=r"'noetical' is not known here; known are .*jazzy"):
        typestore("noetical")


def test_message_texts_come_from_the_message_package(repository: Path) -> None:
    assert message_folder() == repository / "msg"
    assert set(message_texts()) == {
        f"ssp_sam_msgs/msg/{p.stem}" for p in (repository / "msg/msg").glob("*.msg")
    }


def test_the_service_parses(repository: Path) -> None:
    request, _, response = (repository / "msg/srv/Segment.srv").read_text().partition("\n---\n")
    fields = {}
    for part, text in (("Request", request), ("Response", response)):
        name = f"ssp_sam_msgs/msg/Segment_{part}"
        definition = get_types_from_msg(text, name)[name]
        fields[part] = [field for field, _ in definition[1]]
    assert fields == {
        "Request": ["expressions", "image", "camera"],
        "Response": ["success", "message", "results"],
    }
