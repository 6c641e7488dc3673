"""A pinhole camera that looks at the table: its pose and its projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """Pose and field of view.

    Attributes:
        target: point looked at, world metres.
        azimuth: direction from the target to the camera seen from above, radians.
        elevation: angle of the view above the table, radians.
        distance: target to camera, metres.
        fovy: vertical field of view, radians.
    """

    target: tuple[float, float, float]
    azimuth: float
    elevation: float
    distance: float
    fovy: float

    @property
    def axes(self) -> np.ndarray:
        """Rows: the camera's right, up and backward directions in the world, (3, 3)."""
        ca, sa, ce, se = (
            np.cos(self.azimuth),
            np.sin(self.azimuth),
            np.cos(self.elevation),
            np.sin(self.elevation),
        )
        return np.array([[-sa, ca, 0.0], [-se * ca, -se * sa, ce], [ce * ca, ce * sa, se]])

    @property
    def position(self) -> np.ndarray:
        """Where the camera is, world metres, (3,)."""
        return np.asarray(self.target) + self.distance * self.axes[2]

    def ground(self, right: float, away: float) -> tuple[float, float]:
        """World (x, y) of a table point: metres to the viewer's right of the target, and metres behind it."""
        ca, sa = np.cos(self.azimuth), np.sin(self.azimuth)
        return (
            self.target[0] - sa * right - ca * away,
            self.target[1] + ca * right - sa * away,
        )

    def project(self, points: np.ndarray, width: int, height: int) -> np.ndarray:
        """Pixel coordinates (pixel centres at whole numbers) of world points (..., 3) -> (..., 2)."""
        local = (np.asarray(points) - self.position) @ self.axes.T
        focal = 0.5 * height / np.tan(0.5 * self.fovy)
        depth = np.maximum(-local[..., 2], 1e-6)
        x = 0.5 * (width - 1) + focal * local[..., 0] / depth
        y = 0.5 * (height - 1) - focal * local[..., 1] / depth
        return np.stack([x, y], -1)


def random_camera(rng: np.random.Generator) -> Camera:
    """A camera 30 to 60 degrees above the table, from any side.

    Distance and field of view vary together: the picture's scale stays within 12 %, so that "small" and
    "large" can be told apart in a picture with one object.
    """
    fovy = np.radians(rng.uniform(32, 48))
    scale = rng.uniform(0.89, 1.12)
    return Camera(
        target=(rng.uniform(-0.03, 0.03), rng.uniform(-0.03, 0.03), rng.uniform(0.01, 0.05)),
        azimuth=rng.uniform(0, 2 * np.pi),
        elevation=np.radians(rng.uniform(30, 60)),
        distance=float(0.315 / (scale * np.tan(0.5 * fovy))),
        fovy=float(fovy),
    )
