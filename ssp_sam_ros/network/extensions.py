"""What a variant may add to the published prompt encoder (variant.Extensions); none of it exists in 224 and 336.

Trained from scratch on little data the published form stays at "segment everything" for long: small activations drown
in the gating's tanh x tanh, and sparse prompts alone say little to an untrained mask decoder.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .variant import Variant


class PromptExtensions(nn.Module):
    """The parts that `variant.extensions` switches on inside the prompt encoder."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        on, dim, width = variant.extensions, variant.prompt.dim, variant.sam.dim
        self.on = on
        self.grid = variant.clip.grid
        self.text_places = 1 + variant.text.context if on.text_in_sequence else 0
        if on.gating_norms:
            self.selected = nn.LayerNorm(variant.joint_dim)
            self.phrase = nn.LayerNorm(dim)
            self.fused = nn.LayerNorm(width)
        if on.visual_skip:
            self.visual_norm = nn.LayerNorm(variant.joint_dim)
            self.visual = nn.Linear(variant.joint_dim, width)
        if on.text_in_sequence:
            self.words = nn.Linear(dim, width)
        if on.dense_prompt:
            self.dense = nn.Linear(width, width)
            self.patch_logit = nn.Linear(width, 1)
        if on.presence:
            self.presence = nn.Linear(width, 1)

    @staticmethod
    def wanted(variant: Variant) -> bool:
        """Whether the variant has any extension inside the prompt encoder."""
        on = variant.extensions
        return on.gating_norms or on.visual_skip or on.text_in_sequence or on.dense_prompt or on.presence

    def norm_selected(self, selected: Tensor) -> Tensor:
        """(N, n, D): F_v times S_c has the scale 1/sqrt(n); bring it to one."""
        return self.selected(selected) if self.on.gating_norms else selected

    def norm_phrase(self, phrase: Tensor) -> Tensor:
        """(N, dim): keep tanh(phrase) away from zero."""
        return self.phrase(phrase) if self.on.gating_norms else phrase

    def add_visual(self, patches: Tensor, f_v: Tensor) -> Tensor:
        """patches (N, n, W) plus the projection of F_v (N or 1, n, D), the same for every expression of a picture."""
        if self.on.gating_norms:
            patches = self.fused(patches)
        if self.on.visual_skip:
            patches = patches + self.visual(self.visual_norm(f_v))
        return patches

    def text_tokens(self, phrase: Tensor, t: Tensor) -> Tensor:
        """Phrase and word tokens (N, 1+L, W). Padding stays in: the network learns to ignore it, as the GRU does."""
        return self.words(torch.cat([phrase[:, None].to(t.dtype), t], dim=1))

    def heads(self, box_token: Tensor, patch_tokens: Tensor) -> dict[str, Tensor]:
        """Dense prompt (N, W, h, w), patch logits (N, n) and presence logit (N,), as far as they are on."""
        out: dict[str, Tensor] = {}
        if self.on.dense_prompt:
            dense = self.dense(patch_tokens).transpose(1, 2)
            out["dense"] = dense.reshape(*dense.shape[:2], *self.grid)
            out["patch_logits"] = self.patch_logit(patch_tokens)[..., 0].float()
        if self.on.presence:
            out["presence"] = self.presence(box_token)[..., 0].float()
        return out


def apply_presence(logits: Tensor, presence: Tensor | None) -> Tensor:
    """Lower all mask logits (N, 1, H, W) where the target is unlikely to be there: logits - softplus(-presence)."""
    if presence is None:
        return logits
    return logits - F.softplus(-presence)[:, None, None, None].to(logits.dtype)
