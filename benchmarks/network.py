#!/usr/bin/env python3
"""The network alone, stage by stage, against a plain forward pass of the same weights in the same run.

    python benchmarks/network.py [--variant ssp_sam_tiny] [--weights W] [--dtypes float32 bfloat16]
    python benchmarks/network.py --variant ssp_sam_224 --weights random --repeats 2 --plain-repeats 1

`plain.py` says what the plain pass is; it caches nothing, so that N expressions take N whole passes. The
floor is its operations at the rate of a large matrix product, measured here in the same arithmetic. Also
told: what each arithmetic changes in the embedding, the logits and the masks of four expressions.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from plain import ANSWER, PICTURE, Workload, gigaflop
from report import arguments, machine, resident_mib, table, write

if TYPE_CHECKING:
    import argparse

    import torch

HEAVIEST = PICTURE[0]
COMPARED = 4  # expressions
COLUMNS = ("dtype", "N", "stage", "ours", "share", "plain", "plain / ours", "floor", "ours / floor")


def timed(call: Callable[[], Any], device: torch.device) -> tuple[float, Any]:
    """Milliseconds of one call, the device's work included, and what it returned."""
    import torch

    begun = time.perf_counter()
    result = call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return 1e3 * (time.perf_counter() - begun), result


def peak_mib(call: Callable[[], Any], device: torch.device) -> float:
    """Memory that a call takes beyond what is there before it: allocated on CUDA, resident on a CPU."""
    import torch

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        allocated = torch.cuda.memory_allocated(device)
        call()
        return (torch.cuda.max_memory_allocated(device) - allocated) / 2**20
    before = highest = resident_mib(os.getpid())
    done = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.wait(0.002):
            highest = max(highest, resident_mib(os.getpid()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        call()
    finally:
        done.set()
        watcher.join()
    return highest - before


def matmul_rate(device: torch.device, dtype: torch.dtype) -> float:
    """GFLOP/s of the best of several large square matrix products."""
    import torch

    side = 8192 if device.type == "cuda" else 2048
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2 * side**3 / min(timed(lambda: a @ b, device)[0] for _ in range(6)) / 1e6


def difference(ours: Any, other: Any) -> float:
    """||ours - other|| / ||other||."""
    return float((ours.double() - other.double()).norm() / other.double().norm())


class Times:
    """Milliseconds by name; medians at the end."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._values: dict[str, list[float]] = {}

    def note(self, name: str, call: Callable[[], Any]) -> None:
        """Time one call."""
        self._values.setdefault(name, []).append(timed(call, self.device)[0])

    def medians(self) -> dict[str, float]:
        """By name."""
        return {name: float(np.median(values)) for name, values in self._values.items()}


def measure(work: Workload, args: argparse.Namespace) -> dict[str, Any]:
    """Medians of each stage's time, ours by number of expressions, and memory of the heaviest stage."""
    device = work.network.device
    plain, picture = work.plain_stages(), work.picture_stages()
    answers = {count: work.answer_stages(count) for count in args.expressions}
    # These calls warm up, too.
    memory = {
        way: peak_mib(stages[HEAVIEST], device) for way, stages in (("ours", picture), ("plain", plain))
    }
    times = Times(device)
    for stage in (*ANSWER, PICTURE[1]):
        plain[stage]()
    for turn in range(args.repeats):
        for stage, call in picture.items():
            times.note(f"{stage}/ours", call)
        for count, stages in answers.items():
            for stage, call in stages.items():
                times.note(f"{stage}/{count}", call)
        if turn < args.plain_repeats:
            for stage, call in plain.items():
                times.note(f"{stage}/plain", call)
    result: dict[str, Any] = {"ms": times.medians(), "image_encoder_peak_mib": memory}
    if args.acceleration != "none":
        result[args.acceleration] = accelerated(work, args)
    return result


def accelerated(work: Workload, args: argparse.Namespace) -> dict[str, float]:
    """Both image encoders together, as they are and accelerated; the first call apart."""
    from ssp_sam_ros.perception.acceleration import accelerate

    network = work.network
    encode = accelerate(network, args.acceleration).encode_image
    first_ms, features = timed(lambda: encode(work.clip, work.sam), network.device)
    times = Times(network.device)
    for _ in range(args.repeats):
        times.note("accelerated_ms", lambda: encode(work.clip, work.sam))
        times.note("plain_call_ms", lambda: network.encode_image(work.clip, work.sam))
    error = difference(features.embedding, work.features.embedding)
    return {"first_ms": first_ms, "difference": error, **times.medians()}


def errors(work: Workload, dtype: str, exact: dict[str, Any]) -> dict[str, float]:
    """Against segment_anything's encoder in the same arithmetic, and against our float32, kept in `exact`."""
    from ssp_sam_ros.perception.parity import mask_iou

    embedding, logits = work.features.embedding, work.answer_stages(COMPARED)["mask decoder"]()
    found = {}
    if work.clip is not None:
        found["embedding_against_plain"] = difference(embedding, work.plain_stages()[HEAVIEST]())
    if dtype == "float32":
        exact |= {"embedding": embedding, "logits": logits}
    if dtype == "float32" or not exact:
        return found
    ious = mask_iou(logits > 0, exact["logits"] > 0)
    return found | {
        "embedding_against_float32": difference(embedding, exact["embedding"]),
        "logits_against_float32": difference(logits, exact["logits"]),
        "mask_iou_mean": float(np.mean(ious)),
        "mask_iou_lowest": min(ious),
    }


def rows(dtype: str, ms: dict[str, float], floors: dict[str, float], count: int) -> list[list[Any]]:
    """One row a stage for `count` expressions: time, share, time of as many plain passes, floor."""
    ours = {s: ms[f"{s}/ours"] for s in PICTURE} | {s: ms[f"{s}/{count}"] for s in ANSWER}
    total = sum(ours.values())
    made: list[list[Any]] = []
    for stage, taken in ours.items():
        plain, floor = count * ms[f"{stage}/plain"], floors[stage] * (count if stage in ANSWER else 1)
        share = f"{100 * taken / total:.1f} %"
        made.append([dtype, count, stage, taken, share, plain, f"{plain / taken:.2f}x", floor, taken / floor])
    plain, floor = sum(row[5] for row in made), sum(row[7] for row in made)
    together = [dtype, count, "together", total, "", plain, f"{plain / total:.2f}x", floor, total / floor]
    return [*made, together]


def main() -> None:
    """Measure, print, write."""
    parser = arguments(__doc__, "network")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--expressions", nargs="+", type=int, default=[1, 4, 16, 32], metavar="N")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--plain-repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's)")
    parser.add_argument("--acceleration", default="none", help="none, compile or cuda_graphs: also time that")
    args = parser.parse_args()
    import torch

    from ssp_sam_ros.perception.precision import arithmetic, choose_device, choose_precision, prepare
    from ssp_sam_ros.weights import load_network

    if args.threads:
        torch.set_num_threads(args.threads)
    device = choose_device(args.device)
    print(machine())
    network, info = load_network(args.variant, args.weights, device)
    flops, exact = gigaflop(network.variant), dict[str, Any]()
    results, lines = [], []
    # float32 first: the weights of the others are stored rounded, in place.
    for dtype in sorted(args.dtypes, key=lambda name: name != "float32"):
        precision = choose_precision(dtype, device)
        prepare(network, precision)
        rate = matmul_rate(device, precision)
        with torch.inference_mode(), arithmetic(device, precision):
            work = Workload(network)
            result = measure(work, args)
            found = errors(work, dtype, exact)
        results.append({"dtype": dtype, "matmul_gflops": rate, "errors": found, **result})
        print({key: value for key, value in results[-1].items() if key != "ms"})
        floors = {stage: 1e3 * count / rate for stage, count in flops.items()}
        for count in args.expressions:
            lines += rows(dtype, result["ms"], floors, count)
    print(
        f"\n{network.variant.name}, {info.source}, {device}, milliseconds; GFLOP of one plain pass: {flops}\n"
    )
    print(table(COLUMNS, lines))
    write(args.out, "network", {"variant": network.variant.name, "gigaflop": flops, "results": results})


if __name__ == "__main__":
    main()
