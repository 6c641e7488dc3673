#!/usr/bin/env python3
"""Throughput of fine-tuning with SAM's embeddings read from disk and encoded anew, and the loader alone.

    python benchmarks/training.py --root ../shared/data/miniref --variant ssp_sam_224_vit_b --batch 4
    python benchmarks/training.py --root data/benchmarks --dataset refcoco --variant ssp_sam_336 \
        --batch 64 --steps 20 --device cuda

Weights are made up: speed and memory do not depend on them. Embeddings of the split's first pictures are made
first, in a temporary folder, as far as the batches of the benchmark need them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from report import arguments, table, write

FROZEN = ("clip", "sam_image_encoder", "sam_prompt_encoder")


def main() -> int:
    """Measure and print; returns 0."""
    parser = arguments(__doc__, "training")
    parser.set_defaults(variant="ssp_sam_tiny_plain")
    parser.add_argument("--root", required=True, help="folder with <dataset>/ and images/")
    parser.add_argument("--dataset", default="refcoco")
    parser.add_argument("--split", default="train")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=8, help="items of a step (default 8)")
    parser.add_argument("--steps", type=int, default=8, help="measured, after two that are not (default 8)")
    parser.add_argument("--loaders", type=int, default=2, help="threads that make batches (default 2)")
    parser.add_argument("--float32", action="store_true", help="without bfloat16")
    args = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))

    rows, result = [], {"variant": args.variant, "batch": args.batch, "device": args.device}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "embeddings"
        made = make_store(args, store)
        result["store"] = made
        for name, embeddings in (("embeddings from disk", store), ("encoded every time", None)):
            measured = measure(args, Path(folder) / name.split()[0], embeddings)
            result[name] = measured
            rows.append(
                [
                    name,
                    measured["samples_per_s"],
                    measured["step_ms"],
                    measured["loader_ms_per_sample"],
                    measured["memory_gib"],
                ]
            )
    first, second = (result[name]["samples_per_s"] for name in ("embeddings from disk", "encoded every time"))
    result["ratio"] = first / second
    print(f"{args.variant}, batch {args.batch}, {args.device}, {args.steps} steps after 2 warm-up steps\n")
    print(table(["SAM's side", "samples/s", "step, ms", "loader, ms/sample", "peak memory, GiB"], rows))
    print(f"\nfrom disk / encoded: {result['ratio']:.2f}x")
    print(f"making the store: {made['pictures']} pictures, {made['ms_per_picture']:.1f} ms each")
    write(args.out, "training", result)
    return 0


def configuration(args: argparse.Namespace, embeddings: Path | None) -> Any:
    """The paper's fine-tuning on the wanted split, as one long stage."""
    from ssp_sam_training.config import Data, Losses, Optimiser, Stage, TrainConfig

    stage = Stage(
        "fine", losses=Losses(focal=4, dice=4, l1=5, giou=2), epochs=1000, batch=args.batch,
        truth="letterbox", random_place=True, lr=1e-4, warmup=0, mask_decoder_lr=0.1, frozen=FROZEN,
    )  # fmt: skip
    data = Data(
        root=args.root, dataset=args.dataset, train_split=args.split, val_split=args.split,
        embeddings=None if embeddings is None else str(embeddings), loaders=args.loaders,
    )  # fmt: skip
    optimiser = Optimiser(beta2=0.999, weight_decay=1e-4, decay_all=True, gradient_norm=0.1, ema=0)
    return TrainConfig(
        args.variant, (stage,), data, optimiser, start="random", autocast=not args.float32, log_seconds=1e9
    )


def make_store(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Embeddings of the pictures that the measured steps show."""
    import torch

    from ssp_sam_training.embeddings.encoder import SamEncoder
    from ssp_sam_training.embeddings.writer import ShardWriter, open_folder
    from ssp_sam_training.loop import Trainer

    trainer = Trainer(configuration(args, None), folder.parent / "none", torch.device(args.device))
    encoder = SamEncoder(trainer.net.eval(), "float32" if args.float32 else "auto")
    maker, stage = trainer.sources.items, trainer.config.stages[0]
    pictures: dict[Any, None] = {}
    for step in range(args.steps + 2 + trainer.config.data.prefetch):
        pictures.update((item.sample.picture, None) for item in maker.items((0, 0), step, stage))
    begun = time.perf_counter()
    with ShardWriter(open_folder(folder, encoder.info), encoder.info) as writer:
        for picture in pictures:
            writer.write([picture.key], encoder.encode([encoder.prepare(picture.load())]))
    seconds = time.perf_counter() - begun
    return {
        "pictures": len(pictures),
        "ms_per_picture": 1000 * seconds / len(pictures),
        "bytes_per_picture": encoder.info.record_bytes,
    }


def measure(args: argparse.Namespace, out: Path, embeddings: Path | None) -> dict[str, float]:
    """Steps of the trainer itself, its loader running ahead; and the loader alone."""
    import torch

    from ssp_sam_training.loop import Trainer

    device = torch.device(args.device)
    trainer = Trainer(configuration(args, embeddings), out, device)
    stage, maker = trainer.config.stages[0], trainer.sources.items
    loading = []
    for step in range(args.steps):
        begun = time.perf_counter()
        maker.step((0, 0), step, stage)
        loading.append((time.perf_counter() - begun) / args.batch)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    trainer.learn_all_but(frozenset(FROZEN))
    batches, times = trainer.batches(stage, range(args.steps + 2)), []
    for _ in range(args.steps + 2):
        begun = time.perf_counter()
        trainer.update(stage, [next(batches).to(device)], [])  # ends with the loss on the CPU
        trainer.step += 1
        times.append(time.perf_counter() - begun)
    measured = times[2:]
    return {
        "samples_per_s": args.batch * len(measured) / sum(measured),
        "step_ms": 1000 * statistics.median(measured),
        "loader_ms_per_sample": 1000 * statistics.median(loading),
        "memory_gib": _memory(device),
    }


def _memory(device: Any) -> float:
    """Peak of the device since the measurement began, or resident now on a CPU."""
    import os

    import torch
    from report import resident_mib

    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return resident_mib(os.getpid()) / 1024


if __name__ == "__main__":
    sys.exit(main())
