"""COCO segmentations (polygons, run lengths) to boolean masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

_MIN_POLYGON_COORDINATES = 6  # three corners


def decode_segmentation(segmentation: Any, height: int, width: int) -> NDArray[np.bool_]:
    """Mask of one annotation.

    Args:
        segmentation: a list of polygons ``[x1, y1, x2, y2, ...]`` in pixels, a COCO run-length dict
            ``{"size": [h, w], "counts": list | str | bytes}`` (column-major), or a list of such dicts.
        height: rows of the picture.
        width: columns of the picture.

    Returns:
        (height, width) bool: the union of all parts, which may overlap. Polygons with fewer than three
        corners have no area and are left out.

    Raises:
        ValueError: the segmentation is none of these, or its run lengths are of another size.
    """
    parts = [segmentation] if isinstance(segmentation, Mapping) else segmentation
    if isinstance(parts, str) or not isinstance(parts, Sequence):
        raise ValueError(f"a segmentation is polygons or a run-length dict, not {type(parts).__name__}")
    encoded = [rle for part in parts if (rle := _encode_part(part, height, width)) is not None]
    if not encoded:
        return np.zeros((height, width), np.bool_)
    # (h, w, parts) uint8; COCO polygons of one object can overlap, so the sum is binarised.
    return np.asarray(coco_mask.decode(encoded).any(axis=2), dtype=np.bool_)


def _encode_part(part: Any, height: int, width: int) -> Any:
    """Compressed run lengths of one polygon or run-length dict; None for a polygon without area."""
    if isinstance(part, Mapping):
        return _encode_runs(part, height, width)
    if isinstance(part, str) or not isinstance(part, Sequence):
        raise ValueError(f"a segmentation is made of polygons or run-length dicts, not {type(part).__name__}")
    if len(part) % 2:
        raise ValueError(f"a polygon has x and y for every corner, this one has {len(part)} numbers")
    if len(part) < _MIN_POLYGON_COORDINATES:  # pycocotools would read four numbers as a box
        return None
    return coco_mask.frPyObjects([list(part)], height, width)[0]


def _encode_runs(runs: Mapping[str, Any], height: int, width: int) -> Any:
    if "counts" not in runs or "size" not in runs:
        raise ValueError(f"a run-length dict has 'counts' and 'size', this one has {sorted(runs)}")
    if list(runs["size"]) != [height, width]:
        raise ValueError(
            f"the run lengths are for (h, w) {list(runs['size'])}, the picture has {[height, width]}"
        )
    counts = runs["counts"]
    if isinstance(counts, str):
        return {"size": [height, width], "counts": counts.encode("ascii")}
    if isinstance(counts, bytes):
        return {"size": [height, width], "counts": counts}
    if sum(counts) != height * width:
        raise ValueError(f"the run lengths cover {sum(counts)} pixels, the picture has {height * width}")
    return coco_mask.frPyObjects({"size": [height, width], "counts": list(counts)}, height, width)
