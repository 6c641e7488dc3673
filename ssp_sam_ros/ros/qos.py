"""QoS of the interface table as rclpy's profiles, and back."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions, QoSPolicyKind

from ssp_sam_ros.interface.qos import QoS

OVERRIDABLE = QoSOverridingOptions(
    [QoSPolicyKind.DEPTH, QoSPolicyKind.DURABILITY, QoSPolicyKind.HISTORY, QoSPolicyKind.RELIABILITY]
)
"""What `qos_overrides.<topic>.<publisher|subscription>.<policy>` may replace, on every topic."""


def ros_profile(qos: QoS) -> QoSProfile:
    """The profile of a publisher or subscription."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=qos.depth,
        reliability=(
            ReliabilityPolicy.RELIABLE if qos.reliability == "reliable" else ReliabilityPolicy.BEST_EFFORT
        ),
        durability=(
            DurabilityPolicy.TRANSIENT_LOCAL
            if qos.durability == "transient_local"
            else DurabilityPolicy.VOLATILE
        ),
    )


def table_qos(profile: QoSProfile) -> QoS:
    """What a discovered publisher offers; history is not part of discovery, so depth reads 1."""
    return QoS(
        "best_effort" if profile.reliability == ReliabilityPolicy.BEST_EFFORT else "reliable",
        depth=1,
        durability=(
            "transient_local" if profile.durability == DurabilityPolicy.TRANSIENT_LOCAL else "volatile"
        ),
    )
