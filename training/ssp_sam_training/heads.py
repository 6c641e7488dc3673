"""Heads that exist during training only: dense labels read off the image features."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle

from ssp_sam_ros.network import ImageFeatures, Variant

from .labels import DenseLabels


class DenseHeads(nn.Module):
    """Per label kind, one linear map from CLIP's patches and one from SAM's embedding to stride-8 logits.

    Both image representations learn to tell shapes, colours and sizes apart before a sentence asks for them.
    The order of things is asked of CLIP's patches alone: a convolutional trunk does not see that far.
    """

    def __init__(self, variant: Variant, labels: DenseLabels) -> None:
        super().__init__()
        self.grid = variant.clip.grid
        self.kinds = {kind: len(values) for kind, values in labels.values.items()}
        self.rank_kinds = labels.rank_kinds
        self.near = {kind: count for kind, count in self.kinds.items() if kind not in self.rank_kinds}
        outputs, near = 4 * sum(self.kinds.values()), 4 * sum(self.near.values())
        self.from_clip = nn.Sequential(nn.LayerNorm(variant.joint_dim), nn.Linear(variant.joint_dim, outputs))
        self.from_sam = nn.Conv2d(variant.sam.dim, near, 1)

    def forward(self, features: ImageFeatures) -> list[dict[str, Tensor]]:
        """For each of the two sources: label kind -> logits (P, K, 2h, 2w)."""
        patches = self.from_clip(features.visual[:, 1:]).transpose(1, 2)
        sources = [
            (self.kinds, patches.reshape(*patches.shape[:2], *self.grid)),
            (self.near, self.from_sam(features.embedding)),
        ]
        out = []
        for kinds, x in sources:
            parts = pixel_shuffle(x, 2).split(list(kinds.values()), dim=1)
            out.append(dict(zip(kinds, parts, strict=True)))
        return out
