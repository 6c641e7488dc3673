"""What is evaluated: anything that answers expressions about a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """The model's answer to one expression.

    Attributes:
        outcome: "FOUND", "NO_TARGET" or "FAILED".
        mask: (H, W) bool, raw: also where the outcome is NO_TARGET; None when FAILED.
        reason: why, where there is one to give.
        score: mean mask probability when FOUND, else NaN.
        no_target_probability: 0..1; NaN when FAILED.
        network_box: (x1, y1, x2, y2) of the box head in pixels of the picture; None: there is none.
        letterbox_mask: bool mask in protocol `paper`'s letterbox (`metrics.letterbox_prediction`), or None.
    """

    outcome: str
    mask: NDArray[np.bool_] | None
    reason: str = ""
    score: float = float("nan")
    no_target_probability: float = float("nan")
    network_box: tuple[float, float, float, float] | None = (0.0, 0.0, 0.0, 0.0)
    letterbox_mask: NDArray[np.bool_] | None = field(default=None)


class Predictor(Protocol):
    """Answers all expressions about one picture at once."""

    @property
    def letterbox_input(self) -> tuple[int, int]:
        """(height, width) of the network's SAM input: the shape of protocol `paper`'s letterbox."""

    def predict(
        self, image: NDArray[np.uint8], sentences: Sequence[str], letterbox: bool
    ) -> list[Prediction]:
        """One prediction per sentence.

        image: (H, W, 3) uint8 RGB. letterbox: give protocol `paper`'s mask too.
        """
