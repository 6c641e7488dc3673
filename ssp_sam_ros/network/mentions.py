"""Where in the picture is what a sentence speaks of on the way to its targets: an extension.

"The mug left of the plate" wants the mugs and the plate found before it can be asked which mug is left of it.
The similarity of patches and sentence finds the mugs; nothing has to find the plate, and for a generator
that is told the answer alone "the leftmost mug" is right often enough. Here each role picks its words, their
phrase is compared with every patch, and the patch tokens are told what fits and where they lie from there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .autocast import without_autocast
from .variant import Variant

ROLES = ("candidate", "anchor", "further")
"""What fits the targets' own attributes; what targets are related to; what that in turn is related to."""

_PLACED = ROLES[1:]  # where patches lie from these
_WAVES = (0.25, 1.0, 2.0)
_FEATURES_OF_PLACE = 2 + 4 * len(_WAVES) + 1


class Mentions(nn.Module):
    """Patch logits for each of `ROLES`, and what they tell the prompt generator's patch tokens."""

    places: Tensor

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        width, roles = variant.text.width, len(ROLES)
        self.which = nn.Linear(width, roles)
        self.visual_norm = nn.LayerNorm(variant.joint_dim)
        self.phrase = nn.Linear(width, variant.joint_dim)
        self.bias = nn.Parameter(torch.full((roles,), -2.0))
        self.into = nn.Linear(2 * roles + _FEATURES_OF_PLACE * len(_PLACED), variant.sam.dim)
        nn.init.zeros_(self.into.weight)  # a network that had none goes on as it was
        nn.init.zeros_(self.into.bias)
        rows, columns = variant.clip.grid
        y, x = (2 * torch.arange(rows) + 1) / rows - 1, (2 * torch.arange(columns) + 1) / columns - 1
        places = torch.stack(torch.meshgrid(y, x, indexing="ij"), dim=-1).reshape(-1, 2)
        self.register_buffer("places", places, persistent=False)

    def forward(self, visual: Tensor, words: Tensor, padding: Tensor) -> Tensor:
        """Logits (N, R, n) in float32 of what fits each role.

        visual: (N or 1, n, D), CLIP's projected patches; words: (N, L, W), F_w; padding: (N, L), True there.
        """
        chosen = self.which(words).float().masked_fill(padding[..., None], -1e4).softmax(dim=1)
        phrases = self.phrase(chosen.transpose(1, 2).to(words.dtype) @ words)
        scores = phrases @ self.visual_norm(visual).to(phrases.dtype).transpose(1, 2)
        return scores.float() * phrases.shape[-1] ** -0.5 + self.bias[:, None].float()

    def told(self, logits: Tensor) -> Tensor:
        """What the logits (N, R, n) say to each patch, (N, n, width).

        Whether it fits each role; and where it lies from the middle of what fits a role, which counts as much
        as the best patch fits.
        """
        logits = logits.float()
        features = [logits.sigmoid(), torch.tanh(logits / 4)]
        there = logits[:, -len(_PLACED) :]
        with without_autocast(logits):
            middles = there.softmax(dim=-1) @ self.places
        offsets = self.places - middles[:, :, None]
        angles = torch.cat([offsets * torch.pi * k for k in _WAVES], dim=-1)
        distance = offsets.square().sum(dim=-1, keepdim=True).add(1e-6).sqrt()
        placed = torch.cat([offsets, distance, angles.sin(), angles.cos()], dim=-1)
        placed = placed * there.amax(dim=-1).sigmoid()[..., None, None]
        features.append(placed.transpose(2, 3).flatten(1, 2))
        x = torch.cat(features, dim=1).transpose(1, 2)
        return self.into(x.to(self.into.weight.dtype))
