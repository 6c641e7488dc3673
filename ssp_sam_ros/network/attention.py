"""Scaled dot-product attention over the projections of an `nn.MultiheadAttention`.

The modules of open_clip and torch keep the parameters (and so the tensor names of released checkpoints); the
arithmetic runs here, in one place, because CLIP surgery needs the projections apart and because plain matrix
products beat the fused CPU kernel at the sizes of the small variants.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(N, L, heads * d) -> (N, heads, L, d)."""
    n, length, width = x.shape
    return x.view(n, length, heads, width // heads).transpose(1, 2)


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int, bias: Tensor | None = None) -> Tensor:
    """softmax(q k^T / sqrt(d) + bias) v per head.

    q: (N, Lq, W); k, v: (N, Lk, W); bias: broadcastable to (N, heads, Lq, Lk) or None. Returns (N, Lq, W).
    """
    q, k, v = split_heads(q, heads), split_heads(k, heads), split_heads(v, heads)
    if q.is_cuda:
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=None if bias is None else bias.to(q.dtype))
    else:
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
        if bias is not None:
            scores = scores + bias.to(scores.dtype)
        out = scores.softmax(dim=-1).to(v.dtype) @ v
    return out.transpose(1, 2).flatten(2)


def qkv(module: nn.MultiheadAttention, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three input projections of self-attention over x (N, L, W)."""
    q, k, v = F.linear(x, module.in_proj_weight, module.in_proj_bias).chunk(3, dim=-1)
    return q, k, v


def self_attention(
    module: nn.MultiheadAttention, qk: Tensor, value: Tensor, bias: Tensor | None = None
) -> Tensor:
    """`module(qk, qk, value)`, batch first, (N, L, W); qk may carry position embeddings that value lacks."""
    width = module.embed_dim
    if qk is value:
        q, k, v = qkv(module, value)
    else:
        weight, offset = module.in_proj_weight, module.in_proj_bias
        q, k = F.linear(qk, weight[: 2 * width], offset[: 2 * width]).chunk(2, dim=-1)
        v = F.linear(value, weight[2 * width :], offset[2 * width :])
    return module.out_proj(attend(q, k, v, module.num_heads, bias))


def padding_bias(padding: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """(N, L) True at padding -> additive bias (N, 1, 1, L): -inf there, 0 elsewhere."""
    bias = torch.zeros(padding.shape, dtype=dtype, device=padding.device)
    return bias.masked_fill(padding, float("-inf"))[:, None, None, :]
