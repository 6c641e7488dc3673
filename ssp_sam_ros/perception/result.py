"""What comes out for one expression on one picture. No torch: processes without a network import this too."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels, half-open: x2 is the last column + 1."""

NO_BOX: Box = (0, 0, 0, 0)

ABOUT_MODEL = "model: "
"""How warnings begin that are about the model and so come with every answer: enough to be shown once."""


class Outcome(str, Enum):
    """What became of an expression; nobody has to guess what an empty mask means."""

    FOUND = "FOUND"
    NO_TARGET = "NO_TARGET"  # looked, and it is not there
    FAILED = "FAILED"  # not looked, for the reason given
    STALE = "STALE"  # no fresh picture to look at

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class StageTimes:
    """Durations in milliseconds. The expressions of a call share its stages; they are not divided by them."""

    queue: float = 0.0  # the picture's wait for the network
    image_encoding: float = 0.0  # preprocessing included; the look-up alone if the embedding was cached
    prompt: float = 0.0  # text and prompt encoder
    decode: float = 0.0  # mask decoder, resizing, outcome
    total: float = 0.0


@dataclass(frozen=True, eq=False)
class Result:
    """One expression's answer on one picture.

    Attributes:
        expression: as it was given.
        expression_id: the caller's, or "".
        outcome: see `Outcome`.
        reason: why it FAILED or is STALE, else "".
        mask: uint8 (H, W), 0 or 255, read-only; all 0 on NO_TARGET; None on FAILED and STALE.
        box: tight box of the mask, `NO_BOX` without one.
        network_box: (x1, y1, x2, y2), pixels, of the network's own box head.
        score: mean probability of the mask's pixels when FOUND, else NaN.
        no_target_probability: 0..1, NaN when not looked.
        model, weights_digest: what computed it.
        times: see `StageTimes`.
        embedding_cached: whether the picture's features came from the cache.
        unknown_words: words of the expression that the model does not know.
        warnings: what else the user should know, one sentence each.
    """

    expression: str
    expression_id: str
    outcome: Outcome
    reason: str = ""
    mask: np.ndarray | None = None
    box: Box = NO_BOX
    network_box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    score: float = math.nan
    no_target_probability: float = math.nan
    model: str = ""
    weights_digest: str = ""
    times: StageTimes = field(default_factory=StageTimes)
    embedding_cached: bool = False
    unknown_words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def pixels(self) -> int:
        """Pixels of the mask, 0 without one."""
        return 0 if self.mask is None else int(np.count_nonzero(self.mask))
