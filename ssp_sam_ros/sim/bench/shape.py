"""What a thing on the bench is made of: painted parts, a footprint, and what it can hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .mesh import Mesh

# How a part is painted: MAIN has the object's colour and material, the others are what they say.
MAIN, CLEAR, STEEL, DARK, PALE, TIMBER = "main", "clear", "steel", "dark", "pale", "timber"


@dataclass(frozen=True)
class Support:
    """Where another object can be: `kind` "on" or "in"; height and usable radius in metres."""

    kind: str
    height: float
    radius: float


@dataclass(frozen=True)
class Part:
    """A mesh and its paint; CLEAR is the object's colour, seen through."""

    mesh: Mesh
    paint: str = MAIN


@dataclass(frozen=True)
class Shape:
    """One object about its own origin, standing on z = 0; long ones lie along x.

    Attributes:
        parts: its meshes.
        support: what can be put on or into it.
        show: azimuth (radians) of the side, or its opposite, that should face the camera, so that a handle
            is not hidden behind the object itself; None where all sides are alike.
    """

    parts: tuple[Part, ...]
    support: Support | None = None
    show: float | None = None

    @property
    def vertices(self) -> np.ndarray:
        """Of all parts, (V, 3) metres."""
        return np.concatenate([part.mesh.vertices for part in self.parts])

    def scaled(self, factor: float) -> Shape:
        """The same shape, `factor` times as large."""
        s = self.support
        return Shape(
            tuple(Part(part.mesh.scaled(factor), part.paint) for part in self.parts),
            Support(s.kind, s.height * factor, s.radius * factor) if s else None,
            self.show,
        )

    def footprint(self) -> tuple[float, float, float]:
        """A capsule along x that holds the shape seen from above: (start, end, radius) in metres."""
        x, y = self.vertices[:, 0], self.vertices[:, 1]
        radius = float(np.abs(y).max())
        start, end = float(x.min()) + radius, float(x.max()) - radius
        if start > end:
            start = end = (start + end) / 2
        return start, end, radius
