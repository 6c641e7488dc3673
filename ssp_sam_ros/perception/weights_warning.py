"""What a user must know about the weights before looking at an answer, the same wherever they are used."""

from __future__ import annotations

from ssp_sam_ros.weights import WeightsInfo


def weights_warning(weights: WeightsInfo) -> str:
    """One line on weights that are random or good for one kind of pictures only, "" for others."""
    if weights.is_random:
        return "RANDOM weights: the answers mean nothing."
    if weights.domain:
        return (
            f"these weights know nothing but pictures of one kind: {weights.domain.upper()}. "
            "On any other picture the answers mean nothing."
        )
    return ""
