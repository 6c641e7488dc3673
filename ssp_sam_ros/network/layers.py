"""Layers with the tensor names of the release."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import attend, self_attention


class MLP(nn.Module):
    """Linear layers with ReLU between, tensors `layers.<i>.*`; `sizes` lists every width, input first."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        """(..., sizes[0]) -> (..., sizes[-1])."""
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


class EncoderLayer(nn.Module):
    """Post-norm transformer encoder layer; positions join queries and keys, not values (step 9)."""

    def __init__(self, width: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.linear1 = nn.Linear(width, feed_forward)
        self.linear2 = nn.Linear(feed_forward, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x: Tensor, position: Tensor) -> Tensor:
        """x: (N, L, W); position: (L, W). Returns (N, L, W)."""
        x = self.norm1(x + self_attention(self.self_attn, x + position, x))
        return self.norm2(x + self.linear2(F.relu(self.linear1(x))))


class Encoder(nn.Module):
    """A stack of `EncoderLayer`s, tensors `layers.<i>.*`."""

    def __init__(self, count: int, width: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(width, heads, feed_forward) for _ in range(count))

    def forward(self, x: Tensor, position: Tensor) -> Tensor:
        """Apply every layer."""
        for layer in self.layers:
            x = layer(x, position)
        return x


class DecoderLayer(nn.Module):
    """Post-norm decoder layer as in DETR (arXiv 2005.12872): queries see each other, then the memory."""

    def __init__(self, width: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.cross_attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.linear1 = nn.Linear(width, feed_forward)
        self.linear2 = nn.Linear(feed_forward, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def forward(self, x: Tensor, memory: Tensor, position: Tensor, memory_position: Tensor) -> Tensor:
        """x: (N, L, W); memory: (N, M, W); positions: (L, W) and (M, W). Returns (N, L, W)."""
        x = self.norm1(x + self_attention(self.self_attn, x + position, x))
        module = self.cross_attn
        wq, wk, wv = module.in_proj_weight.chunk(3)
        bq, bk, bv = module.in_proj_bias.chunk(3)
        q, k = F.linear(x + position, wq, bq), F.linear(memory + memory_position, wk, bk)
        seen = attend(q, k, F.linear(memory, wv, bv), module.num_heads)
        x = self.norm2(x + module.out_proj(seen))
        return self.norm3(x + self.linear2(F.relu(self.linear1(x))))


class Decoder(nn.Module):
    """A stack of `DecoderLayer`s, tensors `layers.<i>.*`; the memory stays as it is."""

    def __init__(self, count: int, width: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(width, heads, feed_forward) for _ in range(count))

    def forward(self, x: Tensor, memory: Tensor, position: Tensor, memory_position: Tensor) -> Tensor:
        """Apply every layer."""
        for layer in self.layers:
            x = layer(x, memory, position, memory_position)
        return x


class PhraseAttention(nn.Module):
    """One score per token from the recurrent features (Eq. 7), tensors `fc.*`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc = nn.Linear(width, 1)

    def forward(self, hidden: Tensor, padding: Tensor) -> Tensor:
        """hidden: (N, L, width); padding: (N, L), True there. Returns psi, (N, L), which sums to 1 per row.

        The softmax runs over all tokens and is renormalised over those that are not padding, as in the
        release.
        """
        psi = torch.softmax(self.fc(hidden).squeeze(-1), dim=-1).masked_fill(padding, 0.0)
        return psi / psi.sum(dim=-1, keepdim=True)
