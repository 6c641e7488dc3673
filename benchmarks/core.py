#!/usr/bin/env python3
"""The perception core alone: encoding a picture, answering 1 to 16 expressions, float32 against bfloat16.

    python benchmarks/core.py [--variant ssp_sam_tiny] [--weights W] [--device auto] [--repeats 60]

The reference in the same run is the plain way: one `refer` call per expression instead of one batch.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from report import arguments, machine, percentiles, table, write

COUNTS = (1, 4, 16)


def milliseconds(call: Callable[[], object], repeats: int) -> list[float]:
    """Wall time of each of `repeats` calls after three to warm up."""
    for _ in range(3):
        call()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - begun))
    return times


def measure(variant: str, weights: str | None, device: str, dtype: str, repeats: int) -> dict[str, Any]:
    """All timings of one precision, milliseconds."""
    from ssp_sam_ros import Segmenter
    from ssp_sam_ros.sim.clip import load_clip

    segmenter = Segmenter.load(variant, weights, device, dtype)
    pictures = load_clip()
    images = itertools.cycle(
        [np.ascontiguousarray(pictures.image(k)) for k in range(0, len(pictures.frames), 4)]
    )
    nouns = ("mug", "bowl", "bottle", "can", "plate", "box", "ball", "banana")
    sentences = [f"the {colour} {noun}" for colour in ("red", "green") for noun in nouns]
    keys = itertools.count()
    result: dict[str, Any] = {"dtype": dtype, "device": str(segmenter.device)}
    result["encode"] = percentiles(milliseconds(lambda: segmenter.encode(next(images), next(keys)), repeats))
    frame = segmenter.encode(next(images), "fixed")
    result["encode_cached"] = percentiles(
        milliseconds(lambda: segmenter.encode(np.zeros((480, 640, 3), np.uint8), "fixed"), repeats)
    )
    for count in COUNTS:
        asked = sentences[:count]
        result[f"refer_{count}"] = percentiles(
            milliseconds(lambda a=asked: segmenter.refer(frame, a), repeats)
        )
        result[f"refer_{count}_one_by_one"] = percentiles(
            milliseconds(lambda a=asked: [segmenter.refer(frame, [s]) for s in a], max(10, repeats // 3))
        )
    result["picture_and_sentence"] = percentiles(
        milliseconds(
            lambda: segmenter.refer(segmenter.encode(next(images), next(keys)), sentences[:1]), repeats
        )
    )
    return result


def main() -> None:
    """Measure, print, write."""
    parser = arguments(__doc__, "core")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's)")
    args = parser.parse_args()
    if args.threads:
        import torch

        torch.set_num_threads(args.threads)
    print(machine())
    results = [measure(args.variant, args.weights, args.device, d, args.repeats) for d in args.dtypes]
    rows: list[list[Any]] = []
    for r in results:
        rows.append([r["dtype"], "encode a new 640x480 picture", r["encode"]["p50"], r["encode"]["p99"], ""])
        rows.append(
            [r["dtype"], "encode, cached by key", r["encode_cached"]["p50"], r["encode_cached"]["p99"], ""]
        )
        for count in COUNTS:
            batch, loop = r[f"refer_{count}"], r[f"refer_{count}_one_by_one"]
            ratio = f"{loop['p50'] / batch['p50']:.2f}x"
            rows.append([r["dtype"], f"{count} expressions, one batch", batch["p50"], batch["p99"], ratio])
        both = r["picture_and_sentence"]
        rows.append([r["dtype"], "new picture and one expression", both["p50"], both["p99"], ""])
    print(
        f"\n{args.variant}, {args.weights or 'shipped weights'}, {results[0]['device']}, "
        "640x480, milliseconds\n"
    )
    print(table(["dtype", "what", "p50", "p99", "one by one / batch"], rows))
    write(
        args.out, "core", {"variant": args.variant, "weights": args.weights or "shipped", "results": results}
    )


if __name__ == "__main__":
    main()
