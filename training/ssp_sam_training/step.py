"""One training step's forward pass: a batch becomes named loss terms."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ssp_sam_ros.network import SSPSAM, ImageFeatures, Variant
from ssp_sam_ros.perception.postprocess import logits_to_letterbox

from .batches import Batch
from .config import Losses, Stage
from .errors import TrainingError
from .heads import DenseHeads
from .losses import box_losses, choice_loss, dense_loss, dice_loss, focal_loss, mention_loss, patch_loss

PICTURES_AT_ONCE = 8
"""Pictures that SAM's frozen image encoder takes together: ViT-H's activations at 1024 x 1024 are large."""


class TrainingNetwork(nn.Module):
    """Network and training heads as one module, so that their gradients can be shared between processes."""

    def __init__(self, net: SSPSAM, heads: DenseHeads | None) -> None:
        super().__init__()
        self.net, self.heads = net, heads

    def forward(self, batch: Batch, weights: Losses, letterbox: bool) -> dict[str, Tensor]:
        """See `loss_terms`."""
        return loss_terms(self.net, self.heads, batch, weights, letterbox)


def loss_terms(
    net: SSPSAM, heads: DenseHeads | None, batch: Batch, weights: Losses, letterbox: bool = False
) -> dict[str, Tensor]:
    """Unweighted loss terms whose weight is not zero; what none of them needs does not run.

    The mask terms are taken in the release's 512 letterbox, or else at the resolution of the mask decoder's
    own logits.
    """
    features = image_features(net, batch)
    terms: dict[str, Tensor] = {}
    if weights.dense and heads is not None:
        background, balance = weights.dense_background, weights.dense_balance
        kinds = dict.fromkeys(heads.rank_kinds, weights.dense_ranks)
        parts = [
            dense_loss(x, batch.dense, background, batch.dense_cells, balance, kinds) for x in heads(features)
        ]
        terms["dense"] = torch.stack(parts).sum()
    if not weights.needs_text:
        return terms
    rows, text = features.rows(batch.picture), net.encode_text(batch.ids)
    if weights.needs_alignment and net.extensions is not None:
        alignment = net.extensions.alignment(rows.visual[:, net.class_tokens :], text.sentence)
        if alignment is not None and weights.align:
            terms["align"] = patch_loss(alignment, _coverage(net, batch))
        if alignment is not None and weights.align_choice:
            terms["align_choice"] = choice_loss(alignment, *_objects(batch))
    if not weights.needs_prompts:
        return terms
    prompts = net.prompt(rows.visual, text)
    if weights.mentions and prompts.mentions is not None:
        terms["mentions"] = mention_loss(prompts.mentions, *_spoken_of(batch))
    if weights.l1 or weights.giou:
        terms["l1"], terms["giou"] = box_losses(prompts.boxes, batch.boxes)
    if weights.presence and prompts.presence is not None:
        terms["presence"] = F.binary_cross_entropy_with_logits(prompts.presence, batch.present)
    if weights.patch and prompts.patch_logits is not None:
        terms["patch"] = patch_loss(prompts.patch_logits, _coverage(net, batch))
    if weights.choice and prompts.patch_logits is not None:
        terms["choice"] = choice_loss(prompts.patch_logits, *_objects(batch), none=weights.choice_none)
    if weights.needs_mask:
        logits, _ = net.decode(rows, prompts)
        if letterbox:
            logits = logits_to_letterbox(logits, net.variant.sam_size)
        terms |= _mask_terms(logits, _masks(batch).to(logits.dtype), weights)
    return terms


def check_losses(variant: Variant, stage: Stage) -> None:
    """Refuse losses that ask for a part which the network has not.

    Raises TrainingError, which names loss and part.
    """
    on = variant.extensions
    wanted = {
        "patch": ("dense_prompt", on.dense_prompt),
        "choice": ("dense_prompt", on.dense_prompt),
        "align": ("alignment", on.alignment),
        "align_choice": ("alignment", on.alignment),
        "presence": ("presence", on.presence),
        "mentions": ("mentions", on.mentions),
    }
    for loss, (extension, there) in wanted.items():
        if getattr(stage.losses, loss) and not there:
            raise TrainingError(
                f"stage '{stage.name}': the loss {loss} wants the extension {extension}, which variant "
                f"{variant.name} has not"
            )


def image_features(net: SSPSAM, batch: Batch) -> ImageFeatures:
    """Both encoders over the batch's pictures, or the stored half of it."""
    if net.variant.shared_trunk:
        if batch.sam is None:
            raise ValueError(f"variant {net.variant.name} reads SAM's picture: the batch has none")
        return net.encode_image(None, batch.sam)
    if batch.clip is None:
        raise ValueError(
            f"variant {net.variant.name} has its own CLIP encoder: the batch has no picture for it"
        )
    visual = net.encode_clip_image(batch.clip)
    if batch.embeddings is not None:
        return ImageFeatures(visual, batch.embeddings.float())
    if batch.sam is None:  # box losses alone: SAM's side is never looked at
        grid = net.variant.sam.grid
        return ImageFeatures(visual, visual.new_zeros(len(visual), 1, 1, 1).expand(-1, -1, *grid))
    at_once = len(batch.sam) if torch.is_grad_enabled() and _learns(net) else PICTURES_AT_ONCE
    parts = [net.encode_sam_image(part) for part in batch.sam.split(at_once)]
    return ImageFeatures(visual, torch.cat(parts))


def total_loss(terms: dict[str, Tensor], weights: Losses) -> Tensor:
    """The weighted sum of `terms`."""
    return torch.stack([getattr(weights, name) * value.float() for name, value in terms.items()]).sum()


def _learns(net: SSPSAM) -> bool:
    return any(parameter.requires_grad for parameter in net.sam.image_encoder.parameters())


def _masks(batch: Batch) -> Tensor:
    if batch.masks is None:
        raise ValueError("the losses want masks, the batch has none")
    return batch.masks


def _objects(batch: Batch) -> tuple[Tensor, Tensor]:
    """(N, K, n) and (N, K): what `choice_loss` wants to know of each sentence's picture."""
    if batch.object_patches is None or batch.targets is None:
        raise ValueError("the losses want the objects of the pictures, the batch has none")
    return batch.object_patches[batch.picture], batch.targets


def _spoken_of(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """What `mention_loss` wants to know of each sentence and its picture."""
    objects, areas, mentions = batch.object_patches, batch.object_areas, batch.mentions
    if objects is None or areas is None or mentions is None:
        raise ValueError("the losses want what the sentences mention, the batch does not tell it")
    return objects[batch.picture], areas[batch.picture], mentions


def _coverage(net: SSPSAM, batch: Batch) -> Tensor:
    """(N, n): the share of each patch that the targets cover."""
    return F.adaptive_avg_pool2d(_masks(batch), net.variant.clip.grid).flatten(1)


def _mask_terms(logits: Tensor, truth: Tensor, weights: Losses) -> dict[str, Tensor]:
    terms = {}
    if weights.focal:
        terms["focal"] = focal_loss(logits, truth)
    if weights.bce:
        terms["bce"] = F.binary_cross_entropy_with_logits(logits, truth)
    if weights.dice:
        terms["dice"] = dice_loss(logits, truth)
    return terms
