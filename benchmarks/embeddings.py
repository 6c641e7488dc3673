#!/usr/bin/env python3
"""Embeddings on disk: their size, how fast they are made, and how fast a training sample gets its own.

    python benchmarks/embeddings.py                 # made-up records of the size of SAM ViT-H
    python benchmarks/embeddings.py --encode 32     # and how fast the encoder is: wants a GPU

Reading is measured on a store of --records made-up embeddings, in random order, from the page cache (warm)
and after the kernel was told to forget the files (cold); beside it, one .npy file per picture, which is how
the SSP-SAM authors keep theirs. Encoding uses random weights: the arithmetic is the same.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from report import arguments, percentiles, table, write

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))

SETS = {  # pictures, as published
    "RefCOCO, RefCOCO+ or gRefCOCO": 19_994,
    "RefCOCOg": 25_799,
    "ReferIt": 19_894,
    "PhraseCut": 77_262,
}


def main() -> None:
    """Measure, print tables, write JSON."""
    parser = arguments(__doc__, "embeddings")
    parser.set_defaults(variant="ssp_sam_336")
    parser.add_argument("--records", type=int, default=256, help="made-up embeddings (default 256)")
    parser.add_argument(
        "--encode", type=int, default=0, metavar="N", help="pictures to encode (default none)"
    )
    parser.add_argument("--batch", type=int, default=4, help="pictures at once (default 4)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--folder", type=Path, help="where to write the made-up store (default: temporary)")
    args = parser.parse_args()

    from ssp_sam_ros.network import load_variant
    from ssp_sam_training.embeddings.encoder import embedding_shape

    shape = embedding_shape(load_variant(args.variant))
    record = 2 * int(np.prod(shape))
    sizes = [[name, count, count * record / 2**30] for name, count in SETS.items()]
    print(f"{args.variant}: {shape}, {record:,} bytes a picture\n")
    print(table(["set", "pictures", "GiB"], sizes) + "\n")
    result: dict[str, Any] = {"variant": args.variant, "shape": shape, "bytes_per_picture": record}

    folder = Path(tempfile.mkdtemp(prefix="embeddings-", dir=args.folder))
    try:
        result["reading"] = reading(folder, shape, args.records)
    finally:
        shutil.rmtree(folder)
    if args.encode:
        result["encoding"] = encoding(args)
    write(args.out, "embeddings", result)


def reading(folder: Path, shape: tuple[int, int, int], count: int) -> dict[str, Any]:
    """Milliseconds per sample of the store and of one .npy file per picture."""
    from ssp_sam_training.embeddings import EmbeddingStore, StoreInfo
    from ssp_sam_training.embeddings.writer import ShardWriter, open_folder

    rng = np.random.default_rng(0)
    keys = [f"{number:064x}" for number in range(count)]
    info = StoreInfo("made-up", "00" * 32, "float32", shape)
    store_folder, loose = open_folder(folder, info), folder / "loose"
    loose.mkdir()
    begun = time.perf_counter()
    with ShardWriter(store_folder, info) as writer:
        for key in keys:
            one = rng.standard_normal(shape, np.float32).astype(np.float16)
            writer.write([key], one[None])
            np.save(loose / f"{key}.npy", one)
    written = time.perf_counter() - begun
    order = rng.permutation(count).tolist()
    rows: list[list[Any]] = []
    result: dict[str, Any] = {"records": count, "written_s": written}

    def measure(name: str, read: Callable[[str], Any]) -> None:
        result[name] = p = percentiles([1e3 * timed(read, keys[i]) for i in order])
        rows.append([name, p["p50"], p["p90"], p["p99"]])

    def loose_file(key: str) -> Any:
        return np.load(loose / f"{key}.npy")

    files = [*store_folder.glob("*.f16"), *loose.iterdir()]
    forget(files)  # before anything maps them
    fresh, store = EmbeddingStore(store_folder), EmbeddingStore(store_folder)
    measure("store, cold", lambda key: fresh.batch([key]))
    measure("one .npy a picture, cold", loose_file)
    measure("store, warm, first time in the process", lambda key: store.batch([key]))
    measure("store, warm, later", lambda key: store.batch([key]))
    measure("one .npy a picture, warm", loose_file)
    print(table(["ms a sample", "p50", "p90", "p99"], rows))
    return result


def encoding(args: Any) -> dict[str, Any]:
    """Pictures a second of the encoder, on made-up pictures of COCO's usual size."""
    import torch

    from ssp_sam_training.embeddings.encoder import SamEncoder

    encoder = SamEncoder.load(args.variant, args.weights or "random", args.device, args.dtype)
    rng = np.random.default_rng(0)
    inputs = [encoder.prepare(rng.integers(0, 256, (480, 640, 3), np.uint8)) for _ in range(args.batch)]
    encoder.encode(inputs)  # warm
    begun = time.perf_counter()
    for _ in range(max(1, args.encode // args.batch)):
        encoder.encode(inputs)
    seconds = time.perf_counter() - begun
    rate = max(1, args.encode // args.batch) * args.batch / seconds
    memory = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else None
    print(f"\nencoding: {rate:.3f} pictures a second in {encoder.info.precision}, batch {args.batch}")
    return {"pictures_per_s": rate, "precision": encoder.info.precision, "cuda_mib": memory}


def timed(work: Callable[[str], Any], key: str) -> float:
    """Seconds of one call."""
    begun = time.perf_counter()
    work(key)
    return time.perf_counter() - begun


def forget(paths: Sequence[Path]) -> None:
    """Ask the kernel to drop the files from its page cache."""
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
