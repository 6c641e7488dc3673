"""Which outputs there are, and which of them an outcome goes to."""

from __future__ import annotations

from enum import Enum

from ssp_sam_ros.perception.result import Outcome


class Output(Enum):
    """An output topic of one camera; the value is its key in the interface table."""

    MASK = "mask"
    BOUNDING_BOX = "bounding_box"
    NO_TARGET = "no_target"
    RESULT = "result"
    RESULTS = "results"
    LABEL_IMAGE = "label_image"
    OVERLAY = "overlay"
    TARGET_POINTS = "target_points"


_ANSWERED = frozenset({Outcome.FOUND, Outcome.NO_TARGET})


def is_answer(outcome: Outcome) -> bool:
    """Whether an outcome says something about the picture; FAILED and STALE do not."""
    return outcome in _ANSWERED
