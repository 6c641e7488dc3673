"""Box accuracy of referring comprehension (REC)."""

from __future__ import annotations

from collections.abc import Sequence

MIN_IOU = 0.5
EMPTY_BELOW_AREA = 10.0  # square pixels: a smaller box says "no target"


def box_area(box: Sequence[float]) -> float:
    """Area of (x1, y1, x2, y2); 0 where the corners are in the wrong order."""
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def box_iou(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2); 0 where both have no area."""
    overlap = (
        max(first[0], second[0]), max(first[1], second[1]),
        min(first[2], second[2]), min(first[3], second[3]),
    )  # fmt: skip
    intersection = box_area(overlap)
    union = box_area(first) + box_area(second) - intersection
    return intersection / union if union > 0 else 0.0


def box_hit(prediction: Sequence[float], truth: Sequence[float], truth_empty: bool) -> bool:
    """Whether the predicted box counts for Acc@0.5 (evaluation.md, Boxes).

    Boxes are (x1, y1, x2, y2) in pixels of the picture. With a target: IoU >= 0.5. Without one: a predicted
    area under 10 square pixels.
    """
    if truth_empty:
        return box_area(prediction) < EMPTY_BELOW_AREA
    return box_iou(prediction, truth) >= MIN_IOU
