"""Real DDS between participants, and to a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsPublication
from cyclonedds.core import DDSException
from cyclonedds.qos import Policy

from ssp_sam_ros.dds.graph import NodeWatch, PublisherWatch
from ssp_sam_ros.dds.messages import make, type_hash
from ssp_sam_ros.dds.participant import Participant
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import QoS

RELIABLE = QoS("reliable", 10)
STRING = "std_msgs/msg/String"


def test_a_picture_arrives_whole(tester: Any, helpers: Any) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    tester.listen("/picture", type_name="sensor_msgs/msg/Image", qos=QoS("best_effort", 1))
    with Participant(NodeNames("camera")) as camera:
        publisher = camera.publisher("/picture", "sensor_msgs/msg/Image", RELIABLE)
        tester.wait(lambda: publisher.subscriptions() == 1)
        sent = helpers.image(picture)
        assert publisher.publish(sent)
        tester.wait(lambda: tester.received["/picture"])
    (got,) = tester.received["/picture"]
    assert got.header == sent.header
    np.testing.assert_array_equal(got.data.reshape(480, 640, 3), picture)


def test_another_process_receives(tester: Any) -> None:
    code = (
        "import sys\n"
        "from ssp_sam_ros.dds.participant import Participant\n"
        "from ssp_sam_ros.interface.names import NodeNames\n"
        "from ssp_sam_ros.interface.qos import QoS\n"
        "got = []\n"
        "with Participant(NodeNames('other')) as p:\n"
        f"    p.subscription('/text', '{STRING}', QoS('reliable', 10), got.append)\n"
        "    p.announce()\n"
        "    while not got: p.spin_once(0.1)\n"
        "print(got[0].data)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    tester.send("/text", make(STRING, data="hällo"), STRING)
    assert other.communicate(timeout=20)[0] == "hällo\n"


def test_wire_names_and_user_data_are_those_of_ros(tester: Any) -> None:
    with Participant(NodeNames("other")) as other:
        other.publisher("/a/b", STRING, RELIABLE)
        reader = BuiltinDataReader(tester.participant.domain, BuiltinTopicDcpsPublication)
        found: list[Any] = []

        def look() -> bool:
            found.extend(e for e in reader.take(N=100) if e.topic_name == "rt/a/b")
            return bool(found)

        tester.wait(look)
    assert found[0].type_name == "std_msgs::msg::dds_::String_"
    assert found[0].qos[Policy.Userdata].data == f"typehash={type_hash(STRING)};".encode()


def test_a_participant_is_a_named_node_with_its_endpoints(tester: Any) -> None:
    from ssp_sam_ros.dds.graph import DISCOVERY_TOPIC, DISCOVERY_TYPE
    from ssp_sam_ros.dds.participant import Subscription

    announcements: list[Any] = []
    with Participant(NodeNames("eyes", "/robot")) as other:
        publisher = other.publisher("/a", STRING, RELIABLE)
        subscription = other.subscription("/b", STRING, RELIABLE, print)
        other.announce()
        domain = tester.participant.domain
        # As rmw reads it: announcements have no key, so the depth is shared by all participants.
        all_of_them = QoS("reliable", 100, "transient_local")
        heard = Subscription(domain, DISCOVERY_TOPIC, DISCOVERY_TYPE, all_of_them, announcements.append)

        def announced() -> bool:
            heard.take()
            nodes = [node for a in announcements for node in a.node_entities_info_seq]
            return any(n.node_name == "eyes" and n.writer_gid_seq for n in nodes)

        tester.wait(announced)
        last = [a for a in announcements if a.node_entities_info_seq[0].node_name == "eyes"][-1]
        assert bytes(last.gid.data)[:16] == other.domain.guid.bytes
        node = last.node_entities_info_seq[0]
        assert (node.node_namespace, node.node_name) == ("/robot", "eyes")
        assert [bytes(g.data)[:16] for g in node.writer_gid_seq] == [publisher.gid]
        assert [bytes(g.data)[:16] for g in node.reader_gid_seq] == [subscription.gid]
        watch = NodeWatch(domain)
        tester.wait(lambda: "/robot/eyes" in watch.names())
        assert "/tester" in watch.names()
        watch.close()
        heard.close()


def test_publishers_are_seen_with_type_and_qos_and_vanish(tester: Any) -> None:
    watch = PublisherWatch(tester.participant.domain)
    with Participant(NodeNames("other")) as other:
        other.publisher("/seen", STRING, QoS("best_effort", 3))
        tester.wait(lambda: watch.of("/seen"))
        (endpoint,) = watch.of("/seen")
        assert endpoint.type == "std_msgs::msg::dds_::String_"
        assert (endpoint.qos.reliability, endpoint.qos.durability) == ("best_effort", "volatile")
    tester.wait(lambda: not watch.of("/seen"))


def test_a_malformed_message_is_skipped_and_counted(tester: Any, caplog: Any) -> None:
    got: list[str] = []
    subscription = tester.participant.subscription("/text", STRING, RELIABLE, lambda m: got.append(m.data))
    with Participant(NodeNames("other")) as other:
        publisher = other.publisher("/text", STRING, RELIABLE)
        tester.wait(lambda: publisher.subscriptions() == 1)
        invalid_utf8 = b"\0\1\0\0" + (3).to_bytes(4, "little") + b"\xff\xfe\0"
        publisher._writer.write(publisher._sample(invalid_utf8))
        publisher.publish(make(STRING, data="fine"))
        tester.wait(lambda: got)
    assert got == ["fine"]
    assert subscription.malformed == 1
    assert "cannot be read" in caplog.text


def test_the_newest_survives_in_a_best_effort_subscription_of_depth_one(tester: Any) -> None:
    got: list[str] = []
    tester.participant.subscription("/text", STRING, QoS("best_effort", 1), lambda m: got.append(m.data))
    with Participant(NodeNames("other")) as other:
        publisher = other.publisher("/text", STRING, RELIABLE)
        tester.wait(lambda: publisher.subscriptions() == 1)
        for i in range(20):
            publisher.publish(make(STRING, data=str(i)))
        time.sleep(0.1)
        tester.wait(lambda: got)
    assert got == ["19"]


def test_closing_and_joining_again() -> None:
    for _ in range(3):
        with Participant(NodeNames("brief")) as participant:
            participant.subscription("/text", STRING, RELIABLE, print)
            participant.publisher("/text", STRING, RELIABLE)
            participant.announce()


def test_a_domain_that_cannot_be_joined_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise DDSException(DDSException.DDS_RETCODE_OUT_OF_RESOURCES, "no room")

    monkeypatch.setattr("ssp_sam_ros.dds.participant.DomainParticipant", refuse)
    with pytest.raises(ValueError, match=r"cannot be joined; .* another ROS_DOMAIN_ID"):
        Participant(NodeNames("one"))


def test_a_topic_that_dds_refuses_is_named(tester: Any) -> None:
    with pytest.raises(ValueError, match="no publisher of /a b"):
        tester.participant.publisher("/a b", STRING, RELIABLE)
