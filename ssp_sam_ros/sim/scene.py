"""What the simulator hands out: a picture, its labels and the list of objects in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SceneObject:
    """One visible object.

    Attributes:
        noun, colour, size: words of `ssp_sam_ros.sim.words`; the size is relative to the noun's usual size.
        position: centre of the footprint on the table, metres, in the world frame (z up, table top at 0).
        radius: radius of the footprint, metres.
        pixels: number of visible pixels.
        bbox: box around the visible pixels, half-open (x1, y1, x2, y2).
        centroid: mean (x, y) of the visible pixels, pixel centres at whole numbers.
        foot: projection of `position` into the picture, (x, y) pixels; may be hidden or lie outside.
    """

    noun: str
    colour: str
    size: str
    position: tuple[float, float, float]
    radius: float
    pixels: int
    bbox: tuple[int, int, int, int]
    centroid: tuple[float, float]
    foot: tuple[float, float]


@dataclass(frozen=True)
class Scene:
    """One rendered picture with exact visible masks.

    Attributes:
        image: uint8 (H, W, 3), RGB.
        labels: uint8 (H, W); 0 where no object is seen, i + 1 where objects[i] is.
        objects: the visible objects.
    """

    image: np.ndarray
    labels: np.ndarray
    objects: tuple[SceneObject, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.labels.shape[1], self.labels.shape[0]

    def mask(self, targets: tuple[int, ...]) -> np.ndarray:
        """Union of the visible masks of the objects with these indices, bool (H, W)."""
        wanted = np.zeros(256, bool)
        wanted[[i + 1 for i in targets]] = True
        return wanted[self.labels]


def measure(labels: np.ndarray, index: int) -> tuple[int, tuple[int, int, int, int], tuple[float, float]]:
    """Pixel count, half-open box and centroid of object `index` in a label picture.

    Returns zeros where the object is not seen at all.
    """
    seen = labels == index + 1
    columns, rows = seen.sum(0), seen.sum(1)
    pixels = int(columns.sum())
    if pixels == 0:
        return 0, (0, 0, 0, 0), (0.0, 0.0)
    xs, ys = np.flatnonzero(columns), np.flatnonzero(rows)
    box = (int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)
    centroid = (float(columns[xs] @ xs) / pixels, float(rows[ys] @ ys) / pixels)
    return pixels, box, centroid
