"""Loss terms as pure functions of tensors (network.md, "Losses"; paper Eq. 12 and 13)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from ssp_sam_ros.network.autocast import without_autocast

from .labels import BACKGROUND, CATEGORY


def focal_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean over pixels of (0.25 G + 0.75 (1 - G)) pt^2 BCE, pt = (1 - P) G + P (1 - G).

    logits, truth: (N, 1, H, W); truth in [0, 1], soft at borders where it was area-sampled.
    """
    p = logits.sigmoid()
    pt = (1 - p) * truth + p * (1 - truth)
    bce = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return ((0.25 * truth + 0.75 * (1 - truth)) * pt**2 * bce).mean()


def dice_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean over samples of 1 - (2 sum PG + 1) / (sum P + sum G + 1); logits, truth: (N, 1, H, W)."""
    p, g = logits.sigmoid().flatten(1), truth.flatten(1)
    return (1 - (2 * (p * g).sum(1) + 1) / (p.sum(1) + g.sum(1) + 1)).mean()


def box_losses(predicted: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """L1 summed over the coordinates and 1 - GIoU (arXiv 1902.09630), each over the number of boxes.

    predicted, truth: (N, 4), cx, cy, w, h in 0..1.
    """
    l1 = F.l1_loss(predicted, truth, reduction="sum") / len(truth)
    return l1, (1 - generalised_iou(_corners(predicted), _corners(truth))).sum() / len(truth)


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """Row-wise GIoU, (N,), of boxes (N, 4) given as x1, y1, x2, y2; two empty boxes at one place score 0."""
    eps = torch.finfo(a.dtype).eps
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    intersection = (high - low).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - intersection
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    return intersection / (union + eps) - (hull - union) / (hull + eps)


def patch_loss(logits: Tensor, coverage: Tensor) -> Tensor:
    """Binary cross-entropy plus dice of patch logits (N, n) against the covered share of each patch."""
    bce = F.binary_cross_entropy_with_logits(logits, coverage)
    return bce + dice_loss(logits[:, None], coverage[:, None])


def choice_loss(logits: Tensor, objects: Tensor, targets: Tensor, none: bool = False) -> Tensor:
    """Cross-entropy of a choice among the objects of a picture, by the mean logit of each one's patches.

    Over patches, a large object counts more than a small one, and the background more than all; which object
    is meant is one choice among a few. Targets share the probability; sentences without any are left out, or
    choose "none of them", an object of logit 0, if there is `none`.

    logits: (N, n); objects: (N, K, n), share of each patch in the object's area, rows add up to 1, or to 0
    where there is no object; targets: (N, K), 1 where the object is meant.
    """
    with without_autocast(logits):
        scores = (objects @ logits.float()[..., None])[..., 0]
    shown = objects.sum(-1) > 0
    wanted = targets * shown
    if none:
        scores, shown = F.pad(scores, (0, 1)), F.pad(shown, (0, 1), value=True)
        wanted = F.pad(wanted, (0, 1))
        wanted[:, -1] = (targets.sum(1) == 0).to(wanted.dtype)
    wanted = wanted / wanted.sum(1, keepdim=True).clamp(min=1)
    log_p = F.log_softmax(scores.masked_fill(~shown, -1e4), dim=1)
    asked = wanted.sum(1)
    return -(wanted * log_p).sum() / asked.sum().clamp(min=1)


def mention_loss(logits: Tensor, objects: Tensor, areas: Tensor, mentions: Tensor) -> Tensor:
    """Mean over roles of `patch_loss` and `choice_loss` (with "none of them") of what sentences speak of.

    logits: (N, R, n); objects: (N, K, n) and areas: (N, K), see `Batch.object_patches` and `object_areas`;
    mentions: (N, R, K), NaN in the rows of sentences that are not asked.
    """
    asked = ~mentions.isnan().flatten(1).any(1)
    if not asked.any():
        return 0.0 * logits.sum()
    logits, objects, areas, mentions = logits[asked], objects[asked], areas[asked], mentions[asked]
    roles = logits.shape[1]
    with without_autocast(logits):
        coverage = (mentions @ (objects * areas[..., None])).clamp(max=1).flatten(0, 1)
    logits, each = logits.flatten(0, 1), objects.repeat_interleave(roles, 0)
    return patch_loss(logits, coverage) + choice_loss(logits, each, mentions.flatten(0, 1), none=True)


def dense_loss(
    logits: dict[str, Tensor],
    labels: dict[str, Tensor],
    background_weight: float = 1.0,
    cells: Tensor | None = None,
    balance: float = 0.0,
    kinds: Mapping[str, float] | None = None,
) -> Tensor:
    """Sum over label kinds of the weighted mean of the cross-entropy of cells.

    Most cells are background, soon told from objects; unless they weigh less than the others, the loss of
    `category` hardly asks which object a cell shows. And of the others most show large things: with `balance`
    b a cell weighs as its object's number of cells to the power of -b, so that with 1 all objects count the
    same; the mean weight of an object's cell is one. `kinds` weighs label kinds; those not in it count fully.

    logits[kind]: (P, K, h, w); labels[kind]: (P, h, w) int64, -1 where nothing is asked; cells: (P, h, w)
    int64, how many cells the cell's object has.
    """
    total = torch.zeros((), device=next(iter(logits.values())).device)
    for kind, x in logits.items():
        asked = labels[kind] >= 0
        weight = asked.float()
        if balance and cells is not None:
            weight = weight * cells.clamp(min=1).float() ** -balance
            shown = asked & (cells > 0)
            weight = weight / weight[shown].mean().clamp(min=1e-6) if shown.any() else weight
        if kind == CATEGORY:
            weight = torch.where(labels[kind] == BACKGROUND, background_weight, weight)
        loss = F.cross_entropy(x.float(), labels[kind], ignore_index=-1, reduction="none")
        factor = (kinds or {}).get(kind, 1.0)
        total = total + factor * (weight * loss).sum() / weight.sum().clamp(min=1e-6)
    return total


def _corners(boxes: Tensor) -> Tensor:
    centre, size = boxes[:, :2], boxes[:, 2:]
    return torch.cat([centre - size / 2, centre + size / 2], dim=1)
