"""Where a target's mask comes from: COCO segmentations, polygons of points, mask files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .errors import DatasetError
from .masks import decode_segmentation


class Shape(Protocol):
    """Anything that gives a mask."""

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """(height, width) bool. Raises ValueError saying what is wrong with it."""


@dataclass(frozen=True, slots=True)
class CocoShape:
    """Polygons or run lengths as in COCO files (`decode_segmentation`)."""

    segmentation: Any

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """(height, width) bool."""
        return decode_segmentation(self.segmentation, height, width)


@dataclass(frozen=True, slots=True)
class PointPolygons:
    """Polygons of [x, y] points, outlines included: the rule of PhraseCut's own evaluation.

    Coordinates are cut to whole pixels, and border pixels belong to the mask.
    """

    polygons: Any

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """(height, width) bool: the union of all polygons; those of fewer than two points are left out."""
        canvas = Image.new("1", (width, height), 0)
        draw = ImageDraw.Draw(canvas)
        try:
            for polygon in self.polygons:
                points = [(int(x), int(y)) for x, y in polygon]
                if len(points) >= 2:
                    draw.polygon(points, fill=1, outline=1)
        except (TypeError, ValueError) as error:
            raise ValueError(f"polygons are lists of [x, y] points ({error})") from error
        return np.array(canvas, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask in a ``.npy`` file: (height, width), anything above 0 belongs to the target."""

    path: Path

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """(height, width) bool.

        Raises:
            FileNotFoundError: the file is not there.
            DatasetError: it holds no such array.
        """
        try:
            stored = np.load(self.path, allow_pickle=False)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.path} is missing: unpack the set's masks there") from None
        except (ValueError, EOFError, OSError) as error:
            raise DatasetError(f"{self.path} is not a plain .npy array ({error}); fetch it again") from error
        if stored.shape != (height, width):
            raise DatasetError(
                f"{self.path} is an array of {stored.shape}, the picture is (h, w) {(height, width)}: "
                "mask and picture are of different sets"
            )
        return np.asarray(stored > 0, np.bool_)
