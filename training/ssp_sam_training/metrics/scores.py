"""Score of one predicted mask against the truth under the two protocols that published numbers mix.

`score_gres` is the benchmark's own rule (GRES, Liu et al., CVPR 2023), for masks at the picture's own size;
`score_paper` is what the SSP-SAM authors' code computes, for masks in its 512 x 512 letterbox (`letterbox`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EMPTY_BELOW_PIXELS = 50  # both protocols: a mask with fewer positive pixels says "no target"


@dataclass(frozen=True, slots=True)
class SampleScore:
    """One expression's score.

    Attributes:
        iou: what the sample adds to gIoU; 0..1.
        intersection, union: what it adds to the sums of cIoU, in pixels.
        truth_empty: nothing in the picture is meant.
        predicted_empty: the prediction says so.
    """

    iou: float
    intersection: int
    union: int
    truth_empty: bool
    predicted_empty: bool


def intersection_and_union(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> tuple[int, int]:
    """Pixels in both masks and in either; bool arrays of one shape.

    Raises:
        ValueError: another dtype, or two shapes.
    """
    if prediction.dtype != np.bool_ or truth.dtype != np.bool_:
        raise ValueError(
            f"masks are bool arrays, these are {prediction.dtype} and {truth.dtype}: pass mask > 0"
        )
    if prediction.shape != truth.shape:
        raise ValueError(
            f"prediction {prediction.shape} and truth {truth.shape} differ in size: bring both to one space"
        )
    intersection = int(np.count_nonzero(prediction & truth))
    return intersection, int(np.count_nonzero(prediction)) + int(np.count_nonzero(truth)) - intersection


def score_gres(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_], predicted_empty: bool | None = None
) -> SampleScore:
    """Score under protocol `gres`, at the picture's own size.

    Args:
        prediction: (H, W) bool, the raw mask, also where the model says that there is no target.
        truth: (H, W) bool; all False where nothing is meant.
        predicted_empty: the model's no-target output; None where it has none: then a mask with fewer than
            50 positive pixels says so.
    """
    intersection, union = intersection_and_union(prediction, truth)
    area = int(np.count_nonzero(prediction))
    truth_empty = not truth.any()
    if predicted_empty is None:
        predicted_empty = area < EMPTY_BELOW_PIXELS
    if truth_empty and predicted_empty:
        return SampleScore(1.0, 0, 0, truth_empty, predicted_empty)
    if truth_empty:
        return SampleScore(0.0, 0, area, truth_empty, predicted_empty)
    if predicted_empty:
        return SampleScore(0.0, 0, union, truth_empty, predicted_empty)
    return SampleScore(intersection / union, intersection, union, truth_empty, predicted_empty)


def score_paper(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> SampleScore:
    """Score under protocol `paper`; (512, 512) bool masks of the letterbox, padding included."""
    intersection, union = intersection_and_union(prediction, truth)
    area = int(np.count_nonzero(prediction))
    predicted_empty = area < EMPTY_BELOW_PIXELS
    if truth.any():
        iou = float(np.float32(intersection) / np.float32(union))  # the authors divide in float32
        return SampleScore(iou, intersection, union, False, predicted_empty)
    if predicted_empty:
        return SampleScore(1.0, 0, 0, True, predicted_empty)
    return SampleScore(0.0, 0, area, True, predicted_empty)


def score_phrasecut(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> SampleScore:
    """Score under PhraseCut's rules, (H, W) bool masks at the picture's own size: I / U of what is drawn.

    No pixel count makes a mask empty, and a missing prediction is an empty mask. The set has no phrase
    without a target; two empty masks agree.
    """
    intersection, union = intersection_and_union(prediction, truth)
    iou = intersection / union if union else 1.0
    return SampleScore(iou, intersection, union, not truth.any(), not prediction.any())


def score_failure(truth: NDArray[np.bool_]) -> SampleScore:
    """Score under either protocol of an expression that the model gave no answer to.

    It is wrong whatever the truth: no IoU, and neither N-acc nor T-acc gains from it.
    """
    truth_empty = not truth.any()
    return SampleScore(0.0, 0, int(np.count_nonzero(truth)), truth_empty, not truth_empty)
