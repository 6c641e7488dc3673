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


ABOUT_FIRST_EXPRESSION = frozenset(
    {Output.MASK, Output.BOUNDING_BOX, Output.NO_TARGET, Output.LABEL_IMAGE, Output.TARGET_POINTS}
)
"""Topics with one message a picture: with several expressions they speak of the first one."""

_ANSWERED = frozenset({Outcome.FOUND, Outcome.NO_TARGET})


def is_answer(outcome: Outcome) -> bool:
    """Whether an outcome says something about the picture; FAILED and STALE do not."""
    return outcome in _ANSWERED
