from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from ssp_sam_ros.dds.domain import configuration, domain_id


def test_domain_number() -> None:
    assert domain_id({}) == 0
    assert domain_id({"ROS_DOMAIN_ID": ""}) == 0
    assert domain_id({"ROS_DOMAIN_ID": "42"}) == 42
    for wrong in ("-1", "233", "seven", "1.5"):
        with pytest.raises(ValueError, match="0 to 232"):
            domain_id({"ROS_DOMAIN_ID": wrong})


def parsed(**environment: str) -> ElementTree.Element:
    return ElementTree.fromstring(configuration(environment))


def test_large_datagrams_unless_the_user_has_a_configuration() -> None:
    assert parsed().findtext(".//MaxMessageSize") == "65500B"
    own = "file:///etc/cyclone.xml"
    text = configuration({"CYCLONEDDS_URI": own})
    assert text.endswith(f",{own}")
    assert "MaxMessageSize" not in text
    assert configuration({"CYCLONEDDS_URI": own, "ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT"}) == own


@pytest.mark.parametrize(
    "variables", [{"ROS_AUTOMATIC_DISCOVERY_RANGE": "localhost"}, {"ROS_LOCALHOST_ONLY": "1"}]
)
def test_localhost(variables: dict[str, str]) -> None:
    tree = parsed(**variables)
    assert tree.findtext(".//AllowMulticast") == "false"
    assert [peer.get("address") for peer in tree.iter("Peer")] == ["localhost"]
    assert [i.get("address") for i in tree.iter("NetworkInterface")] == ["127.0.0.1"]
    tree = parsed(**variables, ROS_STATIC_PEERS="192.0.2.1")
    assert [i.get("autodetermine") for i in tree.iter("NetworkInterface")] == [None, "true"]
    own = "<General><Interfaces><NetworkInterface name='eth0'/></Interfaces></General>"
    assert configuration({**variables, "CYCLONEDDS_URI": own}).count("NetworkInterface") == 1


def test_peers_and_off() -> None:
    tree = parsed(ROS_STATIC_PEERS="192.0.2.1;robot&co")
    assert [peer.get("address") for peer in tree.iter("Peer")] == ["192.0.2.1", "robot&co"]
    assert tree.findtext(".//AllowMulticast") is None
    assert (parsed(ROS_AUTOMATIC_DISCOVERY_RANGE="OFF").findtext(".//Tag") or "").startswith(
        "ros_discovery_off_"
    )
    with pytest.raises(ValueError, match="LOCALHOST"):
        configuration({"ROS_AUTOMATIC_DISCOVERY_RANGE": "GALAXY"})
