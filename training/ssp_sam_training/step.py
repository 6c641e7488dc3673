"""One training step's forward pass: a batch becomes named loss terms."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ssp_sam_ros.network import SSPSAM

from .batches import Batch
from .config import Losses
from .heads import DenseHeads
from .losses import box_losses, dense_loss, dice_loss, focal_loss, patch_loss


def loss_terms(net: SSPSAM, heads: DenseHeads, batch: Batch, weights: Losses) -> dict[str, Tensor]:
    """Unweighted loss terms whose weight is not zero; what none of them needs does not run.

    The mask terms are taken at stride 4 of SAM's input, the resolution of the mask decoder's own logits.
    """
    features = net.encode_image(batch.clip, batch.sam)
    terms: dict[str, Tensor] = {}
    if weights.dense:
        parts = [dense_loss(x, batch.dense, weights.dense_background) for x in heads(features)]
        terms["dense"] = torch.stack(parts).sum()
    if not weights.needs_text:
        return terms
    rows, text = features.rows(batch.picture), net.encode_text(batch.ids)
    coverage = F.adaptive_avg_pool2d(batch.masks, net.variant.clip.grid).flatten(1)
    if weights.align and net.extensions is not None:
        alignment = net.extensions.alignment(rows.visual[:, 1:], text.sentence)
        if alignment is not None:
            terms["align"] = patch_loss(alignment, coverage)
    if not weights.needs_prompts:
        return terms
    prompts = net.prompt(rows.visual, text)
    if weights.l1 or weights.giou:
        terms["l1"], terms["giou"] = box_losses(prompts.boxes, batch.boxes)
    if weights.presence and prompts.presence is not None:
        terms["presence"] = F.binary_cross_entropy_with_logits(prompts.presence, batch.present)
    if weights.patch and prompts.patch_logits is not None:
        terms["patch"] = patch_loss(prompts.patch_logits, coverage)
    if weights.needs_mask:
        logits, _ = net.decode(rows, prompts)
        if weights.focal:
            terms["focal"] = focal_loss(logits, batch.masks)
        if weights.bce:
            terms["bce"] = F.binary_cross_entropy_with_logits(logits, batch.masks)
        if weights.dice:
            terms["dice"] = dice_loss(logits, batch.masks)
    return terms


def total_loss(terms: dict[str, Tensor], weights: Losses) -> Tensor:
    """The weighted sum of `terms`."""
    return torch.stack([getattr(weights, name) * value.float() for name, value in terms.items()]).sum()
