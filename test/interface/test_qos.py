from __future__ import annotations

import pytest

from ssp_sam_ros.interface.qos import QoS, mismatch
from ssp_sam_ros.interface.qos_overrides import check_topics, overridden
from ssp_sam_ros.interface.topics import TOPICS, Direction

RELIABLE = QoS("reliable", 1)
BEST_EFFORT = QoS("best_effort", 1)


@pytest.mark.parametrize(
    ("publisher", "subscription", "meets"),
    [
        (RELIABLE, RELIABLE, True),
        (RELIABLE, BEST_EFFORT, True),
        (BEST_EFFORT, BEST_EFFORT, True),
        (BEST_EFFORT, RELIABLE, False),
        (QoS("reliable", 1, "volatile"), QoS("reliable", 1, "transient_local"), False),
        (QoS("reliable", 1, "transient_local"), QoS("reliable", 1, "volatile"), True),
    ],
)
def test_compatibility(publisher: QoS, subscription: QoS, meets: bool) -> None:
    assert (mismatch(publisher, subscription) == "") is meets


def test_override_changes_one_policy() -> None:
    assert RELIABLE.override("depth", 5) == QoS("reliable", 5)
    assert RELIABLE.override("reliability", "best_effort") == BEST_EFFORT
    assert RELIABLE.override("history", "keep_last") == RELIABLE


@pytest.mark.parametrize(
    ("policy", "value", "text"),
    [
        ("depth", 0, "at least 1"),
        ("depth", True, "integer"),
        ("depth", "3", "integer"),
        ("reliability", "maybe", "best_effort"),
        ("history", "keep_all", "keep_last"),
        ("deadline", 1, "cannot be overridden"),
    ],
)
def test_bad_overrides(policy: str, value: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        RELIABLE.override(policy, value)


def test_overrides_by_topic_name() -> None:
    overrides = {
        "qos_overrides./camera/image_raw.subscription.reliability": "reliable",
        "qos_overrides./camera/image_raw.subscription.depth": 3,
        "qos_overrides./other.subscription.depth": 9,
    }
    qos = overridden(TOPICS["image"].qos, "/camera/image_raw", Direction.INPUT, overrides)
    assert qos == QoS("reliable", 3)


def test_override_of_an_unknown_topic_names_the_close_match() -> None:
    endpoints = [("/camera/image_raw", Direction.INPUT), ("/ssp_sam/mask", Direction.OUTPUT)]
    check_topics(["qos_overrides./ssp_sam/mask.publisher.depth"], endpoints)
    with pytest.raises(ValueError, match=r"did you mean.*/camera/image_raw\.subscription"):
        check_topics(["qos_overrides./camera/image.subscription.depth"], endpoints)
    with pytest.raises(ValueError, match=r"did you mean 'qos_overrides\./ssp_sam/mask\.publisher\.depth'"):
        check_topics(["qos_overrides./ssp_sam/mask.subscription.depth"], endpoints)
