"""The no-target probability as weights were calibrated to give it (network.md, "From logits to an outcome").

Calibration replaces the sigmoid, not the rule: p_nt = 1 - sigmoid(scale * l_k + offset). It is fitted by
``training/calibrate.py`` and travels in the metadata of a weights file; weights without it use the plain
sigmoid.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

METADATA = "no_target_calibration"
"""Entry of a weights file's metadata: JSON with "scale" and "offset", and how they were fitted."""


@dataclass(frozen=True)
class NoTargetCalibration:
    """How the k-th largest logit becomes a probability.

    Attributes:
        scale: of the logit; above 0, so that the order of answers stays.
        offset: added to it. Where it is not 0, p_nt = 0.5 is no longer exactly "fewer than k pixels".

    Raises:
        ValueError: for numbers that are not finite, or a scale that is not above 0.
    """

    scale: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0 and math.isfinite(self.offset)):
            raise ValueError(
                f"no-target calibration has scale {self.scale} and offset {self.offset}: "
                "the scale must be above 0, and both finite"
            )

    def logit(self, kth_logit: float) -> float:
        """The calibrated logit of the target's presence."""
        return self.scale * kth_logit + self.offset

    @staticmethod
    def of_metadata(metadata: Mapping[str, str]) -> NoTargetCalibration:
        """What a weights file says, the plain sigmoid if it says nothing.

        Raises:
            ValueError: if the entry cannot be understood.
        """
        if METADATA not in metadata:
            return NoTargetCalibration()
        try:
            plain = json.loads(metadata[METADATA])
            return NoTargetCalibration(float(plain["scale"]), float(plain["offset"]))
        except (ValueError, LookupError, TypeError) as error:
            raise ValueError(
                f"the weights' metadata entry '{METADATA}' cannot be used ({error}): calibrate them again"
            ) from error
