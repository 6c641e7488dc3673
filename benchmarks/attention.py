#!/usr/bin/env python3
"""Attention at the network's sizes, each way it can be done: why `network/attention.py` decides as it does.

    python benchmarks/attention.py [--device auto] [--dtypes float32 bfloat16] [--threads 2]

Ways: two matrix products over all scores at once (plain); the same by blocks that fit a processor's cache;
the fused kernel. For SAM's encoder: segment_anything's own way (plain, with the positions of all pairs in
memory); positions added block by block; positions joined to queries and keys, by blocks and fused.
Milliseconds, best of several.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from report import machine, table, write

if TYPE_CHECKING:
    import torch

# name: rows, heads, queries, keys, width of a head
SIZES = {
    "CLIP ViT-B/16-224": (1, 12, 197, 197, 64),
    "CLIP ViT-L/14-336": (1, 16, 577, 577, 64),
    "text, 16 expressions": (16, 8, 77, 77, 64),
    "prompt encoder 224, 1 expression": (1, 8, 325, 325, 32),
    "prompt encoder 224, 16 expressions": (16, 8, 325, 325, 32),
    "mask decoder, tokens to picture, 3 expressions": (3, 8, 133, 4096, 16),
    "mask decoder, picture to tokens, 3 expressions": (3, 8, 4096, 133, 16),
    "ssp_sam_tiny, image tower": (1, 3, 301, 301, 64),
    "ssp_sam_tiny, words seen by patches, 1 expression": (1, 3, 300, 36, 64),
    "ssp_sam_tiny, prompt generator, 1 expression": (1, 4, 354, 354, 32),
    "ssp_sam_tiny, prompt generator, 4 expressions": (4, 4, 354, 354, 32),
    "ssp_sam_tiny, mask decoder, tokens, 1 expression": (1, 2, 21, 21, 64),
    "ssp_sam_tiny, mask decoder, tokens to picture, 1 expression": (1, 2, 21, 300, 32),
    "ssp_sam_tiny, mask decoder, picture to tokens, 1 expression": (1, 2, 300, 21, 32),
    "ssp_sam_tiny, mask decoder, picture to tokens, 4 expressions": (4, 2, 300, 21, 32),
}
# name: windows, heads, side of the grid, width of a head
GRIDS = {
    "SAM ViT-H, a block of windows": (25, 16, 14, 80),
    "SAM ViT-H, a global block": (1, 16, 64, 80),
    "SAM ViT-B, a block of windows": (25, 12, 14, 64),
    "SAM ViT-B, a global block": (1, 12, 64, 64),
}
Call = Callable[[], Any]


def best(call: Call, device: torch.device, seconds: float) -> float:
    """The shortest of at least three calls, milliseconds, after one to warm up."""
    import torch

    times: list[float] = []
    call()
    ends = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < ends:
        begun = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(1e3 * (time.perf_counter() - begun))
    return min(times)


def way(call: Call, joined: bool = True, fused: bool = False, block_bytes: int = 2**62) -> Call:
    """`call` with the network's decisions taken for it."""
    decisions = {
        "sam_encoder._positions_join": lambda _: joined,
        "sam_encoder.fused_is_faster": lambda *_: fused,
        "attention.fused_is_faster": lambda *_: fused,
        "attention.BLOCK_BYTES": block_bytes,
    }

    def decided() -> Any:
        with ExitStack() as stack:
            for name, decision in decisions.items():
                stack.enter_context(mock.patch(f"ssp_sam_ros.network.{name}", decision))
            return call()

    return decided


def plain_grid(q: Any, k: Any, v: Any, down: Any, across: Any) -> Any:
    """segment_anything's attention with decomposed relative positions, over the same tensors."""
    import torch

    heads, rows, columns = q.shape[:2], len(down), len(across)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    grid = q.reshape(*heads, rows, columns, -1)
    vertical = torch.einsum("nhrcd,rkd->nhrck", grid, down)
    sideways = torch.einsum("nhrcd,ckd->nhrck", grid, across)
    scores = scores.view(*heads, rows, columns, rows, columns) + vertical[..., None] + sideways[..., None, :]
    return scores.view(*heads, rows * columns, -1).softmax(dim=-1) @ v


def packed(rows: int, queries: int, keys: int, heads: int, width: int, like: Any) -> list[Any]:
    """Queries, keys and values of all heads side by side, as projections make them."""
    import torch

    sizes = (queries, keys, keys)
    return [torch.randn(rows, length, heads * width, **like) for length in sizes]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's)")
    parser.add_argument("--seconds", type=float, default=1.0, help="per figure (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks/attention.json"))
    args = parser.parse_args()
    import torch

    from ssp_sam_ros.network.attention import BLOCK_BYTES, attend
    from ssp_sam_ros.network.sam_encoder import attend_on_grid
    from ssp_sam_ros.perception.precision import PRECISIONS, choose_device

    if args.threads:
        torch.set_num_threads(args.threads)
    device = choose_device(args.device)
    print(machine())
    rows: list[list[Any]] = []
    grids: list[list[Any]] = []
    with torch.inference_mode():
        for dtype in args.dtypes:
            like = {"dtype": PRECISIONS[dtype], "device": device}
            for name, (count, heads, queries, keys, width) in SIZES.items():
                q, k, v = packed(count, queries, keys, heads, width, like)

                def call(q: Any = q, k: Any = k, v: Any = v, heads: int = heads) -> Any:
                    return attend(q, k, v, heads)

                ways = (way(call), way(call, block_bytes=BLOCK_BYTES), way(call, fused=True), call)
                rows.append([dtype, name, *(best(w, device, args.seconds) for w in ways)])
            for name, (count, heads, side, width) in GRIDS.items():
                projected = torch.randn(count, side * side, 3, heads, width, **like)
                tensors = projected.permute(2, 0, 3, 1, 4).unbind()
                tables = [0.1 * torch.randn(side, side, width, **like) for _ in range(2)]

                def on_grid(tensors: Any = tensors, tables: Any = tables) -> Any:
                    return attend_on_grid(*tensors, *tables)

                ways = (
                    lambda tensors=tensors, tables=tables: plain_grid(*tensors, *tables),
                    way(on_grid, joined=False, block_bytes=BLOCK_BYTES),
                    way(on_grid, block_bytes=BLOCK_BYTES),
                    way(on_grid, fused=True),
                    on_grid,
                )
                grids.append([dtype, name, *(best(w, device, args.seconds) for w in ways)])
    print(f"\n{device}, milliseconds\n")
    print(table(["dtype", "where", "plain", "by blocks", "fused", "as decided"], rows))
    print()
    print(table(["dtype", "where", "plain", "added", "joined", "joined, fused", "as decided"], grids))
    write(args.out, "attention", {"device": str(device), "plain": rows, "grid": grids})


if __name__ == "__main__":
    main()
