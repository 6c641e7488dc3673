"""A lens that bends straight lines: radial distortion of a picture and its labels alike."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

_MOST = 0.08


class Lens:
    """Shows at distance r from the middle what a pinhole camera shows at r (1 + k1 r^2) / max(1, 1 + k1).

    r is 1 in the corners; the denominator leaves no corner empty. k1 > 0 is a barrel, k1 < 0 a pincushion.

    Args:
        k1: coefficient of distortion, -0.3 .. 0.3.
        size: (width, height) of the picture in pixels.
    """

    def __init__(self, k1: float, size: tuple[int, int]) -> None:
        """Compute where every pixel comes from."""
        self.k1, self.size = k1, size
        self._zoom = max(1.0, 1.0 + k1)
        self._middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
        self._corner = float(np.hypot(*self._middle))
        x, y = (
            np.arange(n, dtype=np.float32) - np.float32(m) for n, m in zip(size, self._middle, strict=True)
        )
        square = (x[None] ** 2 + y[:, None] ** 2) / np.float32(self._corner**2)
        factor = (1 + np.float32(k1) * square) / np.float32(self._zoom)
        self._x = x[None] * factor + np.float32(self._middle[0])
        self._y = y[:, None] * factor + np.float32(self._middle[1])

    def picture(self, image: np.ndarray) -> np.ndarray:
        """The distorted picture, uint8 (H, W, 3)."""
        bent: np.ndarray = cv2.remap(
            image, self._x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return bent

    def labels(self, labels: np.ndarray) -> np.ndarray:
        """The distorted labels, uint8 (H, W)."""
        bent: np.ndarray = cv2.remap(
            labels, self._x, self._y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        return bent

    def point(self, point: np.ndarray) -> np.ndarray:
        """Where a point (2,) of the undistorted picture is seen, pixels; one outside may be far outside."""
        offset = (np.asarray(point, float) - self._middle) / self._corner
        wanted = min(float(np.hypot(*offset)), 1.5)
        r = wanted
        for _ in range(12):  # Newton's method on r + k1 r^3 = zoom * wanted
            r -= (r + self.k1 * r**3 - self._zoom * wanted) / (1 + 3 * self.k1 * r * r)
        factor = r / wanted if wanted > 1e-9 else self._zoom
        return np.asarray(self._middle + offset * factor * self._corner)

    @cached_property
    def kept(self) -> np.ndarray:
        """Which pixels of the undistorted picture the distorted one shows, bool (H, W)."""
        rim = [np.stack([self._x[edge], self._y[edge]], -1) for edge in _EDGES]
        mask = np.zeros(self.size[::-1], np.uint8)
        cv2.fillPoly(mask, [np.round(np.concatenate(rim) * 16).astype(np.int32)], 1, shift=4)
        return mask.astype(bool)


# The border of a picture, clockwise.
_EDGES = (
    (0, slice(None)), (slice(None), -1), (-1, slice(None, None, -1)), (slice(None, None, -1), 0),
)  # fmt: skip


def random_lens(size: tuple[int, int], rng: np.random.Generator) -> Lens | None:
    """A mild distortion either way, or, every second time, none."""
    return Lens(float(rng.uniform(-_MOST, _MOST)), size) if rng.random() < 0.5 else None
