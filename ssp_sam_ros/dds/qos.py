"""QoS of the interface table as DDS policies, and back."""

from __future__ import annotations

from cyclonedds.qos import Policy
from cyclonedds.qos import Qos as DdsQos
from cyclonedds.util import duration

from ssp_sam_ros.interface.qos import QoS

# Longest a write waits for a slow reliable reader. The bindings hold the interpreter meanwhile, so it is
# short; a picture that cannot be sent by then is dropped and counted.
_MAX_BLOCKING = duration(milliseconds=50)


def dds_qos(qos: QoS, type_hash: str) -> DdsQos:
    """Policies of a writer or reader as rmw_cyclonedds sets them, the type's hash in the user data."""
    policies = [
        Policy.Reliability.Reliable(_MAX_BLOCKING)
        if qos.reliability == "reliable"
        else Policy.Reliability.BestEffort,
        Policy.History.KeepLast(qos.depth),
        Policy.DataRepresentation(use_cdrv0_representation=True),
        Policy.WriterDataLifecycle(autodispose=False),
        Policy.Userdata(f"typehash={type_hash};".encode()),
    ]
    if qos.durability == "transient_local":
        policies += [
            Policy.Durability.TransientLocal,
            Policy.DurabilityService(0, Policy.History.KeepLast(qos.depth), -1, -1, -1),
        ]
    return DdsQos(*policies)


def ros_qos(found: DdsQos) -> QoS:
    """What a discovered endpoint offers or asks for; history is not part of discovery, so depth reads 1."""
    reliable = isinstance(found[Policy.Reliability], Policy.Reliability.Reliable)
    volatile = found[Policy.Durability] in (None, Policy.Durability.Volatile)
    return QoS(
        "reliable" if reliable else "best_effort",
        depth=1,
        durability="volatile" if volatile else "transient_local",
    )
