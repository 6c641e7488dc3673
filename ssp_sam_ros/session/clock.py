"""The node's clock: nanoseconds, from the system or from /clock."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]

SECOND = 1_000_000_000
JUMP_BACK = SECOND // 10  # smaller steps back are the system clock being disciplined


def system_clock() -> int:
    """Nanoseconds since 1970; what ROS nodes without simulated time stamp with."""
    return time.time_ns()


class SimulatedClock:
    """The time last heard on /clock; 0 until the first one, as in rclpy."""

    def __init__(self) -> None:
        self._now = 0

    def set(self, nanoseconds: int) -> None:
        """Take over a time; it may jump back when a recording loops."""
        self._now = nanoseconds

    def __call__(self) -> int:
        return self._now
