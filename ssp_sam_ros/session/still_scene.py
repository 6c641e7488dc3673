"""Whether a camera still shows what it showed, so that the embedding of an earlier picture will do."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.session.clock import SECOND

_CELL = 16  # pixels; a change of this extent counts in full
_STRIDE = 4  # every fourth pixel and row stands for its neighbours


@dataclass(frozen=True)
class _Reference:
    key: Hashable
    stamp: int
    cells: NDArray[np.float32]


class StillScene:
    """Compares each picture with the last one that was embedded; off while the threshold is 0."""

    def __init__(self) -> None:
        self.threshold = 0.0
        """Largest change of a cell of 16 x 16 pixels that counts as none, grey levels of 255."""
        self.max_age = 1.0
        """Seconds after which a picture is embedded anew all the same."""
        self._references: dict[str, _Reference] = {}

    def key(self, camera: str, image: NDArray[np.uint8], stamp: int, key: Hashable) -> Hashable:
        """The key under which to look up, or to store, the embedding of a picture.

        Args:
            camera: "" for a single one.
            image: (height, width, 3) uint8 RGB.
            stamp: of the picture, nanoseconds.
            key: its own.

        Returns:
            The key of the earlier picture where the scene stands still, else `key`.
        """
        if self.threshold <= 0:
            self._references.clear()
            return key
        cells, reference = _cells(image), self._references.get(camera)
        if reference is not None and self._same(reference, cells, stamp):
            return reference.key
        self._references[camera] = _Reference(key, stamp, cells)
        return key

    def _same(self, reference: _Reference, cells: NDArray[np.float32], stamp: int) -> bool:
        if not 0 <= stamp - reference.stamp <= self.max_age * SECOND:
            return False
        if reference.cells.shape != cells.shape:
            return False
        return bool(np.abs(reference.cells - cells).max(initial=0.0) <= self.threshold)


def _cells(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means of cells, (rows, columns, 3); what does not fill a cell at the lower and right edge is padded."""
    points = image[::_STRIDE, ::_STRIDE]
    side = _CELL // _STRIDE
    padding = [(0, -points.shape[0] % side), (0, -points.shape[1] % side), (0, 0)]
    padded = np.pad(points, padding, mode="edge")
    rows, columns = padded.shape[0] // side, padded.shape[1] // side
    return padded.reshape(rows, side, columns, side, 3).mean(axis=(1, 3), dtype=np.float32)
