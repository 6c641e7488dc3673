"""Scaled dot-product attention for every part of the network, in one place.

The modules of open_clip, timm, segment_anything and torch keep the parameters (and so the tensor names of
released checkpoints); the arithmetic runs here, because CLIP surgery needs the projections apart, because
SAM's relative positions would otherwise be materialised, and because the fastest way depends on device, type
and size: `fused_is_faster` decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .autocast import in_autocast_type, without_autocast

FUSED_SCORES = 2**18
"""From this many scores on (queries times keys, over all heads) a CPU's fused float32 kernel is faster."""

FEW_SCORES = 2**14
"""Up to this many scores a CPU's fused bfloat16 kernel is faster: one operation instead of five."""

BLOCK_BYTES = 2**22
"""Scores that are computed together without the fused kernel: what fits a processor's cache."""


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(N, L, heads * d) -> (N, heads, L, d)."""
    n, length, width = x.shape
    return x.view(n, length, heads, width // heads).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(N, heads, L, d) -> (N, L, heads * d)."""
    return x.transpose(1, 2).flatten(2)


def fused_is_faster(q: Tensor, k: Tensor) -> bool:
    """Whether `F.scaled_dot_product_attention` beats two matrix products, as measured (docs/network.md).

    On CUDA always. On a CPU in float32 from `FUSED_SCORES` on. Processors that multiply bfloat16 do so in
    matrix products, the fused kernel converts: there it pays only where there is little to compute, and no
    gradient, which it is slow to find. In float16 never: infinities, which products in it reach, come out as
    zeros.
    """
    if q.is_cuda:
        return True
    scores = q.shape[:-1].numel() * k.shape[-2]
    if q.dtype == torch.float32:
        return scores >= FUSED_SCORES
    learns = torch.is_grad_enabled() and (q.requires_grad or k.requires_grad)
    return q.dtype == torch.bfloat16 and scores <= FEW_SCORES and not learns


def attend_heads(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None, scale: float | None = None
) -> Tensor:
    """softmax(scale q k^T + bias) v.

    q: (N, heads, Lq, d); k: (N, heads, Lk, d); v: (N, heads, Lk, e); bias: broadcastable to (N, heads, Lq,
    Lk) or None; scale: 1 / sqrt(d) if None. Returns (N, heads, Lq, e).
    """
    if scale is None:
        scale = q.shape[-1] ** -0.5
    if fused_is_faster(q, k):
        mask = None if bias is None else bias.to(q.dtype)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)
    q, k, v = (in_autocast_type(x) for x in (q, k, v))
    if scale != 1.0:
        q = q * scale
    if bias is not None:
        bias = bias.to(q.dtype).expand(*q.shape[:-1], k.shape[-2])
    with without_autocast(q):  # its softmax would write all weights in float32 first, and round them then
        learned_bias = bias is not None and bias.requires_grad  # autograd's own way knows its gradient, too
        if torch.is_grad_enabled() and any(x.requires_grad for x in (q, k, v)) and not learned_bias:
            return _BlockedAttention.apply(q, k, v, bias)
        return _attend_by_blocks(q, k, v, bias)[0]


def _attend_by_blocks(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, keep: bool = False
) -> tuple[Tensor, list[Tensor]]:
    """softmax(q k^T + bias) v and, to `keep`, the weights of every block."""
    keys, kept = k.transpose(-2, -1), []
    out, blocks = q.new_empty(*q.shape[:-1], v.shape[-1]), list(score_blocks(q, k))
    for block in blocks:
        scores = q[block] @ keys[block[:2]]
        if bias is not None:
            scores = scores + bias[block]
        weights = scores.softmax(dim=-1)
        part = weights.to(v.dtype) @ v[block[:2]]
        if len(blocks) > 1:
            out[block] = part
        else:
            out = part
        if keep:
            kept.append(weights)
    return out, kept


class _BlockedAttention(torch.autograd.Function):
    """`_attend_by_blocks` for training: autograd itself would copy the whole gradient for every block."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
        q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
        out, weights = _attend_by_blocks(q, k, v, bias, keep=True)
        ctx.save_for_backward(q, k, v, *weights)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        q, k, v, *kept = ctx.saved_tensors
        (gradient,) = gradients
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for block, weights in zip(score_blocks(q, k), kept, strict=True):
            of_block, keys = gradient[block], block[:2]
            dv[keys] += weights.transpose(-2, -1) @ of_block
            # Of the softmax: each score's gradient is its weight times how far it is from the weighted mean.
            of_weights = of_block @ v[keys].transpose(-2, -1)
            of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
            dq[block] = of_scores @ k[keys]
            dk[keys] += of_scores.transpose(-2, -1) @ q[block]
        return dq, dk, dv, None


def score_blocks(q: Tensor, k: Tensor) -> Iterator[tuple[slice, slice, slice]]:
    """Which rows, heads and queries of q (N, heads, Lq, d) to take at a time, in order, for BLOCK_BYTES."""
    count, heads, queries, _ = q.shape
    limit = BLOCK_BYTES // q.element_size()
    per_head = queries * k.shape[-2]
    rows = max(1, limit // (heads * per_head))
    together = heads if heads * per_head <= limit else max(1, limit // per_head)
    step = queries if per_head <= limit else max(1, limit // k.shape[-2])
    for row in range(0, count, rows):
        for head in range(0, heads, together):
            for query in range(0, queries, step):
                yield slice(row, row + rows), slice(head, head + together), slice(query, query + step)


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int, bias: Tensor | None = None) -> Tensor:
    """`attend_heads` over packed heads: q (N, Lq, W), k and v (N, Lk, W). Returns (N, Lq, W)."""
    return join_heads(attend_heads(split_heads(q, heads), split_heads(k, heads), split_heads(v, heads), bias))


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
