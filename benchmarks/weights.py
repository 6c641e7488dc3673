#!/usr/bin/env python3
"""Weights files of the published size: there and back bit by bit, sizes, and what loading takes.

    python benchmarks/weights.py [--variants ssp_sam_224 ssp_sam_336] [--folder /tmp] [--repeats 3]

The checkpoints are made here: every tensor of the recorded key lists of the authors' checkpoints, in both
layouts, with the values of the parity fixtures' rules. So are the files of CLIP and SAM that a delta goes
with. Everything is deleted at the end; about 18 GB of disk and 12 GB of memory are needed in between.

Each load runs in a process of its own, with the files in the page cache. The reference in the same run is the
plain way: build the network, `torch.load`, `load_state_dict`; it checks nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import machine, percentiles, table, write

if TYPE_CHECKING:
    import torch

KEY_LISTS = Path(__file__).resolve().parents[1] / "test" / "data" / "reference"
LAYOUTS = {"before_forward": "", "after_forward+alias": "_after_forward"}
SEED = 2
LAST_BLOCK = {"ssp_sam_224": 11, "ssp_sam_336": 23}
PLAIN, OURS = "plain", "ours"
RENAMED = {"qkv.weight": "in_proj_weight", "qkv.bias": "in_proj_bias", "proj.": "out_proj."}


def golden_model(variant: str, layout: str) -> dict[str, torch.Tensor]:
    """A released checkpoint's `model`: every name and shape of the key list, every value by the rules."""
    import torch

    from ssp_sam_ros.weights.golden import golden_tensor

    def drawn(suffix: str) -> dict[str, list[Any]]:
        return json.loads((KEY_LISTS / f"keys_{variant.rpartition('_')[2]}{suffix}.json").read_text())

    before = drawn("")
    values = {name: torch.from_numpy(golden_tensor(name, shape, SEED)) for name, (shape, _) in before.items()}
    model = {}
    for name, (shape, _) in drawn(LAYOUTS[layout]).items():
        rule = name  # the one tensor of the first list that this one is
        if name not in before:
            rule = name.replace("visual.attn", f"visual.transformer.resblocks.{LAST_BLOCK[variant]}.attn")
            for after, original in RENAMED.items():
                rule = rule.replace(f".attn.{after}", f".attn.{original}")
        model[name] = values[rule]
        assert list(values[rule].shape) == shape, name
    return model


def write_published_parts(folder: Path, variant: str, model: dict[str, torch.Tensor]) -> None:
    """CLIP and SAM out of a checkpoint, as the files that they are published in."""
    import torch
    from safetensors.torch import save_file

    from ssp_sam_ros.network import load_variant
    from ssp_sam_ros.weights.published import published_parts

    files = published_parts(load_variant(variant))
    for key, prefix in (("clip", "encoder."), ("sam", "sam.")):
        part = {name.removeprefix(prefix): t for name, t in model.items() if name.startswith(prefix)}
        path = folder / files[key][0].name
        if path.suffix == ".safetensors":
            save_file(part, path)
        else:
            torch.save(part, path)


def differing(path: Path, model: dict[str, torch.Tensor]) -> list[str]:
    """Names of tensors of a checkpoint that are not, bit by bit, those of `model`."""
    import torch

    there = torch.load(path, weights_only=True, mmap=True)["model"]
    wrong = sorted(there.keys() ^ model.keys())
    for name, tensor in model.items():
        if name in there:
            same = there[name].dtype == tensor.dtype and there[name].shape == tensor.shape
            if not same or not torch.equal(there[name].view(torch.int32), tensor.view(torch.int32)):
                wrong.append(name)
    return wrong


def round_trip(folder: Path, variant: str, layout: str) -> dict[str, Any]:
    """Authors' checkpoint -> delta -> authors' checkpoint; times in seconds, sizes in bytes."""
    import torch

    from ssp_sam_ros.weights.conversion import to_checkpoint, to_delta

    model = golden_model(variant, layout)
    if layout == "before_forward":
        write_published_parts(folder, variant, model)
    source, delta, back = (folder / name for name in ("authors.pth", "delta.safetensors", "back.pth"))
    torch.save({"model": model, "epoch": 1, "args": argparse.Namespace(variant=variant)}, source)
    begun = time.perf_counter()
    there = to_delta(source, delta, folders=[folder])
    between = time.perf_counter()
    here = to_checkpoint(delta, back, folders=[folder])
    ended = time.perf_counter()
    wrong = differing(back, model)
    result = {
        "variant": variant,
        "layout": layout,
        "tensors": len(model),
        "parameters": sum(tensor.numel() for tensor in model.values()),
        "bytes_checkpoint": source.stat().st_size,
        "bytes_delta": delta.stat().st_size,
        "bytes_back": back.stat().st_size,
        "seconds_to_delta": between - begun,
        "seconds_to_checkpoint": ended - between,
        "left_out": dict(there.left_out),
        "digest": there.digest,
        "layout_back": here.layout.value,
        "differing_tensors": wrong,
        "bit_equal": not wrong and there.digest == here.digest,
    }
    back.unlink()
    return result


def load(way: str, variant: str, path: Path, folder: Path) -> None:
    """One load, in this process: prints seconds, growth of the peak resident memory (MiB), the digest."""
    import torch

    from ssp_sam_ros.network import SSPSAM, load_variant
    from ssp_sam_ros.weights import load_network

    sizes = load_variant(variant)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    if way == PLAIN:
        network = SSPSAM(sizes)
        state = torch.load(path, weights_only=False)["model"]
        network.load_state_dict(state, strict=False)
        digest = ""
    else:
        digest = load_network(sizes, path, folders=[folder])[1].digest
    seconds = time.perf_counter() - begun
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak, "digest": digest}))


def measure_loads(folder: Path, variant: str, repeats: int) -> list[dict[str, Any]]:
    """Loading the same network from each form of file; `folder` has the last round trip's files."""
    from ssp_sam_ros.weights.conversion import to_delta

    empty = folder / "without"
    empty.mkdir(exist_ok=True)
    source, delta, whole = (
        folder / name for name in ("authors.pth", "delta.safetensors", "whole.safetensors")
    )
    to_delta(source, whole, folders=[folder], keep=("clip", "sam"))
    gc.collect()
    results = []
    for way, form, path, places in (
        (PLAIN, "torch.load, load_state_dict (reference)", source, empty),
        (OURS, "authors' checkpoint", source, empty),
        (OURS, "authors' checkpoint, CLIP compared", source, folder),
        (OURS, "delta, CLIP and SAM", delta, folder),
        (OURS, "whole safetensors", whole, empty),
    ):
        options = ["--load", way, variant, str(path), str(places)]
        runs = []
        for _ in range(repeats):
            done = subprocess.run(
                [sys.executable, __file__, *options], check=True, stdout=subprocess.PIPE, text=True
            )
            runs.append(json.loads(done.stdout.splitlines()[-1]))
        results.append(
            {
                "variant": variant,
                "form": form,
                "bytes": path.stat().st_size,
                "seconds": percentiles([run["seconds"] for run in runs]),
                "peak_mib": max(run["peak_mib"] for run in runs),
                "digest": runs[0]["digest"],
            }
        )
    whole.unlink()
    return results


def main() -> int:
    """Measure, print, write; 1 if a round trip changed a bit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", nargs="+", choices=tuple(LAST_BLOCK), default=list(LAST_BLOCK))
    parser.add_argument("--folder", type=Path, help="where the files are made (default: the system's)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks/weights.json"))
    parser.add_argument("--load", nargs=4, help=argparse.SUPPRESS)  # the process of one load
    args = parser.parse_args()
    if args.load:
        way, variant, path, places = args.load
        load(way, variant, Path(path), Path(places))
        return 0
    print(machine())
    trips: list[dict[str, Any]] = []
    loads: list[dict[str, Any]] = []
    for variant in args.variants:
        with tempfile.TemporaryDirectory(dir=args.folder) as name:
            for layout in LAYOUTS:
                trips.append(round_trip(Path(name), variant, layout))
                print(json.dumps(trips[-1]), flush=True)
            loads += measure_loads(Path(name), variant, args.repeats)
    rows = [
        [
            *(
                t[key]
                for key in ("variant", "layout", "tensors", "parameters", "bytes_checkpoint", "bytes_delta")
            ),
            *(t[key] for key in ("seconds_to_delta", "seconds_to_checkpoint", "bit_equal")),
        ]
        for t in trips
    ]
    header = [
        "variant",
        "layout",
        "tensors",
        "parameters",
        "checkpoint, B",
        "delta, B",
        "to delta, s",
        "back, s",
    ]
    print("\nAuthors' checkpoint -> delta -> authors' checkpoint\n")
    print(table([*header, "bit-equal"], rows))
    print("\nLoading, seconds, on a CPU\n")
    print(
        table(
            ["variant", "form", "bytes", "p50", "peak memory, MiB", "digest"],
            [
                [r["variant"], r["form"], r["bytes"], r["seconds"]["p50"], r["peak_mib"], r["digest"][:12]]
                for r in loads
            ],
        )
    )
    write(args.out, "weights", {"round_trips": trips, "loads": loads})
    return 0 if all(trip["bit_equal"] for trip in trips) else 1


if __name__ == "__main__":
    sys.exit(main())
