"""SAM's ViT image encoder (arXiv 2304.02643) without materialised relative positions.

segment_anything's classes keep the parameters, so that SAM's own files load unchanged. Their attention makes
a table of all pairs of patches per head three times over (scores, plus vertical, plus horizontal positions:
1.1 GB each for ViT-H's global blocks in float32) and multiplies the padding of the windows by the weights.
Here the positions join queries and keys instead, or are added to a block of rows at a time, and padding
costs nothing but its place as a key. The result is the same but for rounding.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from segment_anything.modeling import ImageEncoderViT
from torch import Tensor

from .attention import attend_heads, fused_is_faster, join_heads, score_blocks


class ViTEncoder(ImageEncoderViT):
    """segment_anything's `ImageEncoderViT`, parameters and all, with another way through its blocks."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, S, S) -> image embedding (B, dim, S / patch, S / patch)."""
        x = self.patch_embed(x) + self.pos_embed
        for block in self.blocks:
            x = x + _attention(block, block.norm1(x))
            x = x + block.mlp(block.norm2(x))
        return self.neck(x.permute(0, 3, 1, 2))


def _attention(block: Any, x: Tensor) -> Tensor:
    """The block's attention over all patches or window by window, (B, h, w, W) -> (B, h, w, W)."""
    attn, window = block.attn, block.window_size
    size = x.shape[1], x.shape[2]
    packed = attn.qkv(x)
    if window:
        packed = partition(packed, attn.qkv.bias, window)
    count, rows, columns, _ = packed.shape
    q, k, v = packed.view(count, rows * columns, 3, attn.num_heads, -1).permute(2, 0, 3, 1, 4).unbind()
    out = attend_on_grid(q, k, v, relative(attn.rel_pos_h, rows), relative(attn.rel_pos_w, columns))
    out = join_heads(out).view(count, rows, columns, -1)
    return attn.proj(unpartition(out, size) if window else out)


def partition(x: Tensor, padding: Tensor, window: int) -> Tensor:
    """Cut (B, h, w, W) into windows (B * count, window, window, W), filled up right and below with `padding`
    (W).

    What segment_anything pads with zeros before a projection is its bias after it.
    """
    batch, height, width, channels = x.shape
    down, across = -(-height // window), -(-width // window)
    if (down * window, across * window) != (height, width):
        filled = padding.to(x.dtype).expand(batch, down * window, across * window, channels).clone()
        filled[:, :height, :width] = x
        x = filled
    x = x.view(batch, down, window, across, window, channels).transpose(2, 3)
    return x.reshape(-1, window, window, channels)


def unpartition(windows: Tensor, size: tuple[int, int]) -> Tensor:
    """The way back: (B * count, window, window, W) -> (B, h, w, W), padding cut off; size: (h, w)."""
    _, window, _, channels = windows.shape
    (height, width), (down, across) = size, (-(-side // window) for side in size)
    x = windows.view(-1, down, across, window, window, channels).transpose(2, 3)
    return x.reshape(-1, down * window, across * window, channels)[:, :height, :width]


def relative(table: Tensor, side: int) -> Tensor:
    """Rows of a table of relative positions (2 * side - 1, d) for each query and key, (side, side, d).

    A table for another side is stretched linearly, as segment_anything does.
    """
    if len(table) != 2 * side - 1:
        table = F.interpolate(table.t()[None], size=2 * side - 1, mode="linear")[0].t()
    place = torch.arange(side, device=table.device)
    return table[place[:, None] - place[None, :] + side - 1]


def attend_on_grid(q: Tensor, k: Tensor, v: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(d) + positions) v for tokens on a grid.

    The position of key (r', c') as seen from query (r, c) is q . down[r, r'] + q . across[c, c'].

    q, k, v: (N, heads, rows * columns, d); down: (rows, rows, d); across: (columns, columns, d).
    Returns (N, heads, rows * columns, d).
    """
    count, heads, length, width = q.shape
    rows, columns = len(down), len(across)
    grid = q.reshape(count, heads, rows, columns, width)
    vertical = torch.einsum("nhrcd,rkd->nhrck", grid, down.to(q.dtype)).reshape(count, heads, length, rows)
    sideways = torch.einsum("nhrcd,ckd->nhrck", grid, across.to(q.dtype)).reshape(
        count, heads, length, columns
    )
    q = q * width**-0.5
    if _positions_join(q):
        # Scores of the longer vectors are the sums wanted.
        q = torch.cat([q, vertical, sideways], dim=-1)
        k = torch.cat([k, _places(rows, columns, k).expand(count, heads, -1, -1)], dim=-1)
        if fused_is_faster(q, k):
            v = F.pad(v, (0, rows + columns))  # values as long as the queries suit the flash kernel
        return attend_heads(q, k, v, scale=1.0)[..., :width]
    keys, out = k.transpose(-2, -1), torch.empty_like(v)
    for block in score_blocks(q, k):
        scores = q[block] @ keys[block[:2]]
        on_grid = scores.unflatten(-1, (rows, columns))
        on_grid += vertical[block][..., :, None]
        on_grid += sideways[block][..., None, :]
        out[block] = scores.softmax(dim=-1) @ v[block[:2]]
    return out


def _positions_join(q: Tensor) -> bool:
    """Whether positions join queries and keys, or are added to a block of scores at a time.

    Joining makes the products up to 2.6 times as long, adding goes over the scores twice more: on a CPU,
    products in float32 are dear and those in bfloat16 cheap.
    """
    return q.device.type != "cpu" or q.dtype != torch.float32


def _places(rows: int, columns: int, like: Tensor) -> Tensor:
    """One-hot row and column of each token, (rows * columns, rows + columns)."""
    row, column = (torch.eye(side, dtype=like.dtype, device=like.device) for side in (rows, columns))
    return torch.cat([row.repeat_interleave(columns, dim=0), column.repeat(rows, 1)], dim=1)
