"""From logits to an outcome (network.md, last section), as pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ssp_sam_ros.perception.calibration import NoTargetCalibration
from ssp_sam_ros.perception.geometry import Size
from ssp_sam_ros.perception.result import NO_BOX, Box, Outcome

_TILE = 64  # pixels


@dataclass(frozen=True)
class NoTargetRule:
    """When a target is taken to be absent.

    Attributes:
        threshold: from this no-target probability on.
        min_pixels: what a target must cover at the scale of a 512 x 512 letterbox; 50 is the rule of GRES
            (CVPR 2023).
        calibration: how logits become that probability.

    Raises:
        ValueError: for a threshold outside 0..1 or a negative number of pixels.
    """

    threshold: float = 0.5
    min_pixels: float = 50
    calibration: NoTargetCalibration = field(default_factory=NoTargetCalibration)

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"no_target_threshold is {self.threshold}: give a probability, 0 to 1")
        if not 0 <= self.min_pixels < math.inf:
            raise ValueError(f"no_target_min_pixels is {self.min_pixels}: give a number of pixels, 0 or more")


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the logits of one expression mean; the fields are those of `Result`."""

    outcome: Outcome
    mask: np.ndarray | None
    box: Box
    score: float
    no_target_probability: float
    reason: str = ""


NOT_FINITE = Verdict(
    Outcome.FAILED, None, NO_BOX, math.nan, math.nan, "the network gave values that are not finite"
)
"""The verdict on logits or boxes that hold NaN or infinity: nothing can be read from them."""


def judge(mask: np.ndarray, kth_logit: float, score: float, rule: NoTargetRule) -> Verdict:
    """FOUND or NO_TARGET, with all that follows from it.

    Only for logits that are finite (`finite_rows`); for others there is `NOT_FINITE`.

    Args:
        mask: uint8 (H, W), 255 where the logit is positive; not kept.
        kth_logit: l_k, see `kth_largest` and `no_target_pixels`.
        score: see `mean_probability`.
        rule: when a target is absent.
    """
    absent = no_target_probability(rule.calibration.logit(kth_logit))
    box = tight_box(mask)
    # A threshold above 0.5 lets masks of fewer than k pixels pass, but there is nothing in an empty one.
    if absent >= rule.threshold or box == NO_BOX:
        mask, box, score, outcome = np.zeros_like(mask), NO_BOX, math.nan, Outcome.NO_TARGET
    else:
        mask, outcome = mask.copy(), Outcome.FOUND  # its own memory: a view would keep the whole batch
    mask.setflags(write=False)
    return Verdict(outcome, mask, box, score, absent)


def finite_rows(*values: Tensor) -> Tensor:
    """Whether all values of each of N rows are finite.

    Args:
        values: (N, ...) each.

    Returns:
        bool (N,).
    """
    return torch.stack([torch.isfinite(value).flatten(1).all(dim=1) for value in values]).all(dim=0)


def no_target_pixels(image_size: Size, min_pixels: float = NoTargetRule.min_pixels) -> int:
    """k: the pixels of the picture a target must cover, `min_pixels` at the letterbox's scale; at least 1."""
    return max(1, round(min_pixels * (max(image_size) / 512) ** 2))


def kth_largest(logits: Tensor, k: int) -> Tensor:
    """The k-th largest logit of each of N masks, -inf where a mask has fewer than k pixels.

    Args:
        logits: (N, H, W).
        k: 1 or more.

    Returns:
        (N,).
    """
    flat = logits.flatten(1)
    if k > flat.shape[1]:
        return flat.new_full((len(flat),), -math.inf)
    # They are in the k tiles with the largest maxima, or in the rest that fills no tile. Searching there
    # alone spares `topk` a working copy of the whole mask, whose fresh memory costs more than the search.
    tiled = flat.shape[1] // _TILE * _TILE
    tiles = flat[:, :tiled].unflatten(1, (-1, _TILE))
    if k < tiles.shape[1]:
        best = tiles.amax(dim=2).topk(k, dim=1).indices
        chosen = tiles.gather(1, best[..., None].expand(-1, -1, _TILE)).flatten(1)
        flat = torch.cat([chosen, flat[:, tiled:]], dim=1)
    return flat.topk(k, dim=1).values[:, -1]


def no_target_probability(kth_logit: float) -> float:
    """p_nt = 1 - sigmoid(l_k): below 0.5 exactly if at least k logits are positive; NaN of NaN."""
    if kth_logit > 0:
        e = math.exp(-kth_logit)
        # A tiny positive logit must not round to the 0.5 that means "not positive".
        return min(e / (1 + e), math.nextafter(0.5, 0.0))
    return 1 / (1 + math.exp(kth_logit))


def mean_probability(logits: Tensor) -> Tensor:
    """Mean sigmoid over the positive logits of each of N masks, NaN where there are none.

    Args:
        logits: (N, H, W).

    Returns:
        (N,).
    """
    # Numbers, not truth values: torch counts those in a copy of eight bytes for each pixel.
    mask = (logits > 0).to(logits.dtype)
    return logits.sigmoid().mul_(mask).sum(dim=(1, 2)) / mask.sum(dim=(1, 2))


def tight_box(mask: np.ndarray) -> Box:
    """The half-open pixel box around a mask's non-zero pixels, `NO_BOX` if there are none.

    Args:
        mask: (H, W).
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return NO_BOX
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
