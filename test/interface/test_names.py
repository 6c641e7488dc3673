from __future__ import annotations

import pytest

from ssp_sam_ros.interface.names import NodeNames, Remap, check_namespace, check_node_name, check_topic_name


@pytest.mark.parametrize(
    ("namespace", "name", "expanded"),
    [
        ("/", "image", "/image"),
        ("/", "a/b", "/a/b"),
        ("/", "~/mask", "/ssp_sam/mask"),
        ("/", "~", "/ssp_sam"),
        ("/", "/abs", "/abs"),
        ("/robot", "image", "/robot/image"),
        ("robot/arm", "~/mask", "/robot/arm/ssp_sam/mask"),
        ("/robot", "/diagnostics", "/diagnostics"),
    ],
)
def test_expansion(namespace: str, name: str, expanded: str) -> None:
    assert NodeNames("ssp_sam", namespace).expand(name) == expanded


@pytest.mark.parametrize(
    ("rule", "name", "resolved"),
    [
        (Remap("image", "/camera/image_raw"), "image", "/camera/image_raw"),
        (Remap("/robot/image", "/x"), "image", "/x"),
        (Remap("image", "camera/image_raw"), "image", "/robot/camera/image_raw"),
        (Remap("~/mask", "mask"), "~/mask", "/robot/mask"),
        (Remap("mask", "/x"), "~/mask", "/robot/ssp_sam/mask"),
        (Remap("image", "/x", node="other"), "image", "/robot/image"),
        (Remap("image", "/x", node="ssp_sam"), "image", "/x"),
        (Remap("/diagnostics", "diagnostics"), "/diagnostics", "/robot/diagnostics"),
    ],
)
def test_remapping(rule: Remap, name: str, resolved: str) -> None:
    assert NodeNames("ssp_sam", "/robot", (rule,)).resolve(name) == resolved


def test_first_matching_rule_decides_and_defaults_come_last() -> None:
    names = NodeNames("ssp_sam", "/", (Remap("image", "/first"), Remap("image", "/second")))
    names = names.with_default_remaps([Remap("image", "/default"), Remap("camera_info", "/info")])
    assert names.resolve("image") == "/first"
    assert names.resolve("camera_info") == "/info"


def test_a_remap_is_not_applied_to_its_own_result() -> None:
    names = NodeNames("n", "/", (Remap("a", "b"), Remap("b", "c")))
    assert names.resolve("a") == "/b"


@pytest.mark.parametrize("name", ["", "1abc", "a//b", "a/", "/", "~mask", "a b", "ä", "a\n", "~/"])
def test_bad_topic_names(name: str) -> None:
    with pytest.raises(ValueError, match="topic name"):
        check_topic_name(name)


@pytest.mark.parametrize("name", ["", "a/b", "1a", "a-b", "/a"])
def test_bad_node_names(name: str) -> None:
    with pytest.raises(ValueError, match="node name"):
        check_node_name(name)


def test_namespaces() -> None:
    assert check_namespace("robot") == "/robot"
    assert check_namespace("/") == "/"
    with pytest.raises(ValueError, match="namespace"):
        check_namespace("/robot/")
