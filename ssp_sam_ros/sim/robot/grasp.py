"""What the gripper is told, and what became of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

STROKE = 0.26
"""How far the fingers open, metres."""
FINGER = 0.15
"""Length of the fingers, metres: nothing taller than this above the tips fits between palm and tips."""
FINGER_THICKNESS, FINGER_WIDTH = 0.010, 0.024
"""Of a finger along and across the direction in which it moves, metres."""
PALM_LENGTH, PALM_WIDTH = 0.30, 0.05
"""Of the palm along and across the direction in which the fingers move, metres."""

_TILT = math.radians(5)
_REACH = 1.2  # metres from the middle of the table along x and y


class UnreachableError(ValueError):
    """The gripper cannot go there; the text says why."""


@dataclass(frozen=True)
class TopGrasp:
    """A grasp from straight above, in the world (z up, table top at 0).

    Attributes:
        position: of the point between the finger tips, metres.
        yaw: direction of the gripper's x axis about the world's z, radians; the fingers close across it.
        opening: between the fingers on the way down, metres.
    """

    position: tuple[float, float, float]
    yaw: float
    opening: float

    def __post_init__(self) -> None:
        """Refuse what cannot be reached; raises UnreachableError."""
        x, y, z = self.position
        if not all(map(math.isfinite, (x, y, z, self.yaw, self.opening))):
            raise UnreachableError("a coordinate of the grasp is not a finite number")
        if max(abs(x), abs(y)) > _REACH or not 0 <= z <= 0.4:
            raise UnreachableError(
                f"({x:.2f}, {y:.2f}, {z:.2f}) m is out of reach: {_REACH} m about the table's middle, "
                "0 to 0.4 m above it"
            )
        if not 0 < self.opening <= STROKE:
            raise UnreachableError(f"the gripper opens up to {STROKE} m, not {self.opening:.3f} m")

    @classmethod
    def from_pose(cls, position: np.ndarray, rotation: np.ndarray, opening: float) -> TopGrasp:
        """From a gripper's pose in the world.

        Args:
            position: (3,) of the point between the finger tips, metres.
            rotation: (3, 3); columns are the gripper's axes: x along the target's long side, y the direction
                in which the fingers close, z the approach.
            opening: metres.

        Raises:
            UnreachableError: the approach is not straight down, or `position` or `opening` is out of range.
        """
        if rotation[2, 2] > -math.cos(_TILT):
            raise UnreachableError("this gantry grasps from above: the approach (z) must point straight down")
        x, y, z = np.asarray(position, float).tolist()
        return cls((x, y, z), math.atan2(rotation[1, 0], rotation[0, 0]), opening)

    def rotation(self) -> np.ndarray:
        """The gripper's axes as columns, (3, 3)."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return np.array([[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]])


class Outcome(str, Enum):
    """What became of a grasp."""

    LIFTED = "LIFTED"  # one object or several left the table
    EMPTY = "EMPTY"  # none did
    UNREACHABLE = "UNREACHABLE"  # the gripper did not move

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Report:
    """The simulator's truth about one grasp.

    Attributes:
        outcome: see `Outcome`.
        removed: indices of the objects that were on the table before and are not any more.
        seconds: simulated time until the fingers were closed.
        reason: why UNREACHABLE, else "".
    """

    outcome: Outcome
    removed: tuple[int, ...] = ()
    seconds: float = 0.0
    reason: str = ""
