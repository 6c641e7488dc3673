"""Metrics of referring segmentation and comprehension: pure per-sample functions, and sums over samples."""

from __future__ import annotations

from .accumulators import (
    PRECISION_THRESHOLDS,
    BoxAccumulator,
    GresAccumulator,
    GresSummary,
    PaperAccumulator,
    PaperSummary,
    PhraseCutAccumulator,
    PhraseCutSummary,
    precision_name,
)
from .bootstrap import bootstrap_interval
from .boxes import box_hit, box_iou
from .letterbox import letterbox_mask, letterbox_prediction, letterbox_truth
from .scores import (
    EMPTY_BELOW_PIXELS,
    SampleScore,
    intersection_and_union,
    score_failure,
    score_gres,
    score_paper,
    score_phrasecut,
)

__all__ = [
    "EMPTY_BELOW_PIXELS",
    "PRECISION_THRESHOLDS",
    "BoxAccumulator",
    "GresAccumulator",
    "GresSummary",
    "PaperAccumulator",
    "PaperSummary",
    "PhraseCutAccumulator",
    "PhraseCutSummary",
    "SampleScore",
    "bootstrap_interval",
    "box_hit",
    "box_iou",
    "intersection_and_union",
    "letterbox_mask",
    "letterbox_prediction",
    "letterbox_truth",
    "precision_name",
    "score_failure",
    "score_gres",
    "score_paper",
    "score_phrasecut",
]
