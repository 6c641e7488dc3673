#!/usr/bin/env python3
"""Weights files of the published size: there and back bit by bit, sizes, and what loading takes.

    python benchmarks/weights.py [--variants ssp_sam_224 ssp_sam_336] [--folder /tmp] [--repeats 3]

The checkpoints are made here: every tensor of the recorded key lists of the authors' checkpoints, in both
layouts, with the values of the parity fixtures' rules. So are the files of CLIP and SAM that a delta goes
with. Everything is deleted at the end; about 18 GB of disk and 12 GB of memory are needed in between.

Conversions are the command `ssp-sam convert`, its start included. Each load runs in a process of its own and
is timed without its start; files are in the page cache if the memory suffices. The reference in the same run
is the plain way: build the network, `torch.load`, `load_state_dict`; it checks nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import machine, percentiles, table, write

if TYPE_CHECKING:
    import torch

REPOSITORY = Path(__file__).resolve().parents[1]
KEY_LISTS = REPOSITORY / "test" / "data" / "reference"
LAYOUTS = {"before_forward": "", "after_forward+alias": "_after_forward"}
SEED = 2
LAST_BLOCK = {"ssp_sam_224": 11, "ssp_sam_336": 23}
RENAMED = {"qkv.weight": "in_proj_weight", "qkv.bias": "in_proj_bias", "proj.": "out_proj."}
PLAIN, OURS = "plain", "ours"


def golden_model(variant: str, layout: str) -> dict[str, torch.Tensor]:
    """A released checkpoint's `model`: every name and shape of the key list, every value by the rules."""
    import torch

    from ssp_sam_ros.weights.golden import golden_tensor

    def key_list(suffix: str) -> dict[str, list[Any]]:
        return json.loads((KEY_LISTS / f"keys_{variant.rpartition('_')[2]}{suffix}.json").read_text())

    before = key_list("")
    values = {name: torch.from_numpy(golden_tensor(name, shape, SEED)) for name, (shape, _) in before.items()}
    model = {}
    for name, (shape, _) in key_list(LAYOUTS[layout]).items():
        rule = name  # the tensor of the first list that this one is
        if name not in before:
            rule = name.replace("visual.attn", f"visual.transformer.resblocks.{LAST_BLOCK[variant]}.attn")
            for after, original in RENAMED.items():
                rule = rule.replace(f".attn.{after}", f".attn.{original}")
        model[name] = values[rule]
        if list(values[rule].shape) != shape:
            raise ValueError(f"{name} of {layout} is not {rule}")
    return model


def make(variant: str, layout: str, folder: str) -> dict[str, int]:
    """Write authors.pth, and CLIP and SAM out of it as the files that they are published in."""
    import torch
    from safetensors.torch import save_file

    from ssp_sam_ros.network import load_variant
    from ssp_sam_ros.weights.published import published_parts

    model = golden_model(variant, layout)
    content = {"model": model, "epoch": 1, "args": argparse.Namespace(variant=variant)}
    torch.save(content, Path(folder, "authors.pth"))
    published = published_parts(load_variant(variant))
    for key, prefix in (("clip", "encoder."), ("sam", "sam.")):
        part = {name.removeprefix(prefix): t for name, t in model.items() if name.startswith(prefix)}
        path = Path(folder, published[key][0].name)
        if path.exists():  # made from the first layout: a renamed one is not how they are published
            continue
        if path.suffix == ".safetensors":
            save_file(part, path)
        else:
            torch.save(part, path)
    return {"tensors": len(model), "parameters": sum(tensor.numel() for tensor in model.values())}


def compare(a: str, b: str) -> list[str]:
    """Names of the tensors of two checkpoints that are not the same, bit by bit."""
    import torch

    one, other = (torch.load(path, weights_only=False, mmap=True)["model"] for path in (a, b))
    wrong = sorted(one.keys() ^ other.keys())
    for name in one.keys() & other.keys():
        x, y = one[name], other[name]
        if (x.dtype, x.shape) != (y.dtype, y.shape) or not torch.equal(
            x.view(torch.int32), y.view(torch.int32)
        ):
            wrong.append(name)
    return wrong


def load(way: str, variant: str, path: str, folder: str) -> dict[str, Any]:
    """One load: seconds, growth of the peak resident memory in MiB, and the digest."""
    import torch

    from ssp_sam_ros.network import SSPSAM, load_variant
    from ssp_sam_ros.weights import load_network

    sizes = load_variant(variant)
    before = peak_mib()
    begun = time.perf_counter()
    if way == PLAIN:
        network = SSPSAM(sizes)
        network.load_state_dict(torch.load(path, weights_only=False)["model"], strict=False)
        digest = ""
    else:
        digest = load_network(sizes, path, folders=[Path(folder)])[1].digest
    return {"seconds": time.perf_counter() - begun, "peak_mib": peak_mib() - before, "digest": digest}


TASKS = {task.__name__: task for task in (make, compare, load)}


def apart(task: str, *arguments: object) -> Any:
    """What a task returns, carried out in a process of its own, so that memory is its own, too."""
    command = [sys.executable, __file__, "--task", task, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def convert(source: Path, destination: Path, *options: str) -> tuple[dict[str, Any], float]:
    """Run `ssp-sam convert`: what it prints, and the seconds that the command took."""
    command = [sys.executable, "-m", "ssp_sam_ros.cli.main", "convert", str(source), str(destination)]
    command += ["--weights-dir", str(source.parent), *options]
    begun = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    return json.loads(done.stdout), time.perf_counter() - begun


def peak_mib() -> float:
    """The most memory this program has had resident, mapped files included (getrusage adds its parent's)."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def round_trip(folder: Path, variant: str, layout: str) -> dict[str, Any]:
    """Authors' checkpoint -> delta -> authors' checkpoint; times in seconds, sizes in bytes."""
    source, delta, back = (folder / name for name in ("authors.pth", "delta.safetensors", "back.pth"))
    delta.unlink(missing_ok=True)
    made = apart("make", variant, layout, folder)
    there, to_delta = convert(source, delta)
    here, to_checkpoint = convert(delta, back)
    differing = apart("compare", source, back)
    result = {
        "variant": variant,
        "layout": layout,
        **made,
        "bytes_checkpoint": source.stat().st_size,
        "bytes_delta": delta.stat().st_size,
        "bytes_back": back.stat().st_size,
        "seconds_to_delta": to_delta,
        "seconds_to_checkpoint": to_checkpoint,
        "left_out": there["left_out"],
        "digest": there["digest"],
        "layout_back": here["layout"],
        "differing_tensors": differing,
        "bit_equal": not differing and there["digest"] == here["digest"] and here["layout"] == layout,
    }
    back.unlink()
    return result


def measure_loads(folder: Path, variant: str, repeats: int) -> list[dict[str, Any]]:
    """Loading the same network from each form of file; `folder` has the last round trip's files."""
    empty = folder / "without"
    empty.mkdir()
    source, delta, whole = (folder / n for n in ("authors.pth", "delta.safetensors", "whole.safetensors"))
    convert(source, whole, "--keep", "clip", "sam")
    results = []
    for way, form, path, places in (
        (PLAIN, "torch.load, load_state_dict (reference)", source, empty),
        (OURS, "authors' checkpoint", source, empty),
        (OURS, "authors' checkpoint, CLIP compared", source, folder),
        (OURS, "delta, CLIP and SAM", delta, folder),
        (OURS, "whole safetensors", whole, empty),
    ):
        runs = [apart("load", way, variant, path, places) for _ in range(repeats)]
        results.append(
            {
                "variant": variant,
                "form": form,
                "bytes": path.stat().st_size,
                "seconds": percentiles([run["seconds"] for run in runs]),
                "seconds_best": min(run["seconds"] for run in runs),
                "peak_mib": max(run["peak_mib"] for run in runs),
                "digest": runs[0]["digest"],
            }
        )
        print(json.dumps(results[-1]), flush=True)
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
    parser.add_argument("--task", nargs="+", help=argparse.SUPPRESS)  # in a process of its own
    args = parser.parse_args()
    if args.task:
        print(json.dumps(TASKS[args.task[0]](*args.task[1:])))
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
    print("\nAuthors' checkpoint -> delta -> authors' checkpoint\n")
    sizes = ("variant", "layout", "tensors", "parameters", "bytes_checkpoint", "bytes_delta")
    measured = ("seconds_to_delta", "seconds_to_checkpoint", "bit_equal")
    header = [*sizes[:4], "checkpoint, B", "delta, B", "to delta, s", "back, s", "bit-equal"]
    print(table(header, [[trip[key] for key in (*sizes, *measured)] for trip in trips]))
    print("\nLoading on a CPU\n")
    rows = [
        [r["variant"], r["form"], r["bytes"], r["seconds"]["p50"], r["seconds_best"], round(r["peak_mib"])]
        for r in loads
    ]
    print(table(["variant", "form", "bytes", "p50, s", "best, s", "peak memory, MiB"], rows))
    write(args.out, "weights", {"round_trips": trips, "loads": loads})
    return 0 if all(trip["bit_equal"] for trip in trips) else 1


if __name__ == "__main__":
    sys.exit(main())
