"""The topics of the lifecycle node on real rclpy with a double for the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2: source its setup file")
pytest.importorskip("rosbags", reason="needs the extra dds")
pytest.importorskip("ssp_sam_msgs", reason="needs ssp_sam_msgs: build and source the workspace")

from rclpy.lifecycle import TransitionCallbackReturn

from ssp_sam_ros.dds.messages import type_hash
from ssp_sam_ros.interface import TOPICS, Parameters
from ssp_sam_ros.interface.topics import Direction
from ssp_sam_ros.ros.graph import RosGraph
from ssp_sam_ros.ros.messages import make, message_class
from ssp_sam_ros.ros.qos import table_qos
from ssp_sam_ros.session.outputs import Output

pytestmark = pytest.mark.ros


def test_topics_have_the_tables_types_and_qos(start_node: Any, tester: Any) -> None:
    node = start_node().node

    def found() -> dict[str, Any]:
        infos = {}
        for topic in TOPICS.values():
            ask = (
                tester.node.get_subscriptions_info_by_topic
                if topic.direction is Direction.INPUT
                else tester.node.get_publishers_info_by_topic
            )
            name = {"image": "/camera/image_raw"}.get(topic.key, node.resolve_topic_name(topic.name))
            infos[topic.key] = [info for info in ask(name) if info.node_name == "ssp_sam"]
        return infos

    tester.wait(lambda: sum(map(bool, found().values())) == len(TOPICS) - 1)
    for key, infos in found().items():
        if key == "compressed_image":
            assert infos == []  # image_transport is raw
            continue
        (info,) = infos
        qos = table_qos(info.qos_profile)
        assert info.topic_type == TOPICS[key].type
        assert (qos.reliability, qos.durability) == (TOPICS[key].qos.reliability, TOPICS[key].qos.durability)
        if hasattr(info, "topic_type_hash"):  # since Iron; the node without ROS announces the same
            assert str(info.topic_type_hash) == type_hash(TOPICS[key].type)


def test_diagnostics_name_the_qos_mismatch(start_node: Any, tester: Any) -> None:
    from rclpy.qos import qos_profile_sensor_data

    start_node("-p", "qos_overrides./camera/image_raw.subscription.reliability:=reliable")
    tester.listen("/diagnostics")
    kept = tester.received["/diagnostics"]

    def says(text: str) -> bool:
        return bool(kept) and any(text in status.message for status in kept[-1].status)

    tester.wait(lambda: says("no publisher on /camera/image_raw (sensor_msgs/msg/Image; reliable"))
    image = type(make("sensor_msgs/msg/Image"))
    tester.node.create_publisher(image, "/camera/image_raw", qos_profile_sensor_data)
    tester.wait(lambda: says("the publisher is best effort, the subscription wants reliable"))
    names = {status.name for status in kept[-1].status}
    assert names == {"ssp_sam: input", "ssp_sam: inference"}


def test_several_cameras_in_a_namespace(start_node: Any, tester: Any, helpers: Any) -> None:
    start_node("-p", "cameras:=[left, right]", namespace="robot")
    topics = ["/robot/ssp_sam/left/result", "/robot/ssp_sam/right/result"]
    tester.listen(*topics)
    tester.send("/robot/referring_expression", make("std_msgs/msg/String", data="the bright patch"))

    def answered() -> bool:
        tester.send("/robot/left/image", helpers.image())
        tester.send("/robot/right/image", helpers.image())
        tester.spin(0.05)
        return all(any(r.outcome == 1 for r in tester.received[topic]) for topic in topics)

    tester.wait(answered)


def test_a_closed_graph_wants_and_sends_nothing(tester: Any) -> None:
    graph = RosGraph(tester.node, Parameters.from_overrides({}))
    tester.listen("/tester/result")
    tester.wait(lambda: graph.wanted("") == {Output.RESULT})
    graph.close()
    assert graph.wanted("") == frozenset()
    graph.publish("", Output.RESULT, make("ssp_sam_msgs/msg/ReferringResult"))
    tester.spin(0.2)
    assert tester.received["/tester/result"] == []


def test_a_graph_that_cannot_be_made_leaves_nothing(tester: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(tester.node.publishers)
    monkeypatch.setattr(
        "ssp_sam_ros.ros.graph.message_class", without("ssp_sam_msgs/msg/ReferringResultArray")
    )
    with pytest.raises(ImportError):
        RosGraph(tester.node, Parameters.from_overrides({}))
    assert list(tester.node.publishers) == before


@pytest.mark.parametrize(
    ("module", "missing"), [("graph", "sensor_msgs/msg/CameraInfo"), ("services", "std_srvs/srv/SetBool")]
)
def test_a_configure_that_fails_leaves_nothing_behind(
    start_node: Any, monkeypatch: pytest.MonkeyPatch, module: str, missing: str
) -> None:
    node = start_node("-p", "autostart:=false").node

    def entities() -> list[int]:
        kinds = node.publishers, node.subscriptions, node.services, node.timers
        return [len(list(kind)) for kind in kinds]

    before = entities()
    with monkeypatch.context() as patch:
        patch.setattr(f"ssp_sam_ros.ros.{module}.message_class", without(missing))
        assert node.trigger_configure() != TransitionCallbackReturn.SUCCESS
    assert entities() == before
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.count_publishers("/ssp_sam/result") == 1


def without(missing: str) -> Callable[[str], Any]:
    """`message_class` where the package of one type is not installed."""

    def find(name: str) -> Any:
        if name == missing:
            raise ImportError(f"no {missing}")
        return message_class(name)

    return find
