"""Quality of service as data, with the rules that decide whether a publisher and a subscription meet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Reliability = Literal["reliable", "best_effort"]
Durability = Literal["volatile", "transient_local"]

_CHOICES = {"reliability": ("reliable", "best_effort"), "durability": ("volatile", "transient_local")}


@dataclass(frozen=True)
class QoS:
    """Keep-last history of `depth` samples with a reliability and a durability (names as in `ros2 topic`)."""

    reliability: Reliability
    depth: int
    durability: Durability = "volatile"

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ValueError(f"a QoS depth is at least 1, not {self.depth}")

    def __str__(self) -> str:
        policies = f"{self.reliability}, {self.durability}, keep last {self.depth}"
        return policies.replace("_", " ")

    def override(self, policy: str, value: object) -> QoS:
        """The same profile with one policy replaced, as `qos_overrides.<topic>.<side>.<policy>` asks for.

        Raises:
            ValueError: the policy is not one that can be overridden, or the value does not fit it.
        """
        if policy == "depth":
            if isinstance(value, bool) or not isinstance(value, int):
                raise ValueError(f"QoS depth must be an integer, not {value!r}")
            return replace(self, depth=value)
        if policy == "history":
            if value != "keep_last":
                raise ValueError(
                    f"QoS history {value!r} is not supported: memory stays bounded with keep_last"
                )
            return self
        if policy not in _CHOICES:
            raise ValueError(
                f"QoS policy {policy!r} cannot be overridden; these can: "
                "depth, durability, history, reliability"
            )
        if value not in _CHOICES[policy]:
            raise ValueError(f"QoS {policy} must be one of {', '.join(_CHOICES[policy])}, not {value!r}")
        return replace(self, **{policy: value})  # type: ignore[arg-type]


def mismatch(publisher: QoS, subscription: QoS) -> str:
    """Why a subscription gets nothing from this publisher, or "" where the two are compatible.

    A subscription may ask for less than is offered, never for more.
    """
    if publisher.reliability == "best_effort" and subscription.reliability == "reliable":
        return "the publisher is best effort, the subscription wants reliable"
    if publisher.durability == "volatile" and subscription.durability == "transient_local":
        return "the publisher is volatile, the subscription wants transient local"
    return ""


SENSOR_INPUT = QoS("best_effort", depth=1)  # REP-2003; depth 1: the newest picture wins
COMMAND_INPUT = QoS("reliable", depth=10)
PICTURE_OUTPUT = QoS("reliable", depth=1)
RECORD_OUTPUT = QoS("reliable", depth=10)
