"""What a user must know about the weights before looking at an answer, the same in every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_sam_ros.perception.segmenter import Segmenter


def weights_warning(segmenter: Segmenter) -> str:
    """One line on weights that are random or good for one kind of pictures only, "" for others."""
    if segmenter.has_random_weights:
        return "RANDOM weights: the answers mean nothing."
    if segmenter.domain:
        return (
            f"these weights know nothing but pictures of one kind: {segmenter.domain.upper()}. "
            "On any other picture the answers mean nothing."
        )
    return ""
