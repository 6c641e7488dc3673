"""The command `training/make_tabletop.py`: many processes, one reproducible dataset, all of it or nothing."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .blocks import SPLITS, make_block, plan_blocks
from .writer import SENTENCES_PER_IMAGE, write_layout

GENERATOR = "ssp_sam_ros tabletop/1"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="make_tabletop.py",
        description="Render simulated tabletop scenes, make sentences about them, and write both in the "
        "RefCOCO and gRefCOCO layouts. Needs MuJoCo and an off-screen OpenGL (EGL).",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to make; must not exist yet")
    parser.add_argument("--train", type=int, default=14000, help="training scenes (default %(default)s)")
    parser.add_argument("--val", type=int, default=500, help="validation scenes (default %(default)s)")
    parser.add_argument("--test", type=int, default=500, help="test scenes (default %(default)s)")
    parser.add_argument("--sentences", type=int, default=24, help="sentences a scene (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same dataset (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default %(default)s)")
    parser.add_argument(
        "--width", type=int, default=320, help="picture width in pixels (default %(default)s)"
    )
    parser.add_argument(
        "--height", type=int, default=240, help="picture height in pixels (default %(default)s)"
    )
    args = parser.parse_args(arguments)
    if min(args.train, args.val, args.test, args.seed) < 0 or args.train + args.val + args.test == 0:
        parser.error("--train, --val, --test and --seed must be 0 or more, and one scene at least is needed")
    if not 1 <= args.sentences <= SENTENCES_PER_IMAGE or args.workers < 1:
        parser.error(f"--sentences must be 1 to {SENTENCES_PER_IMAGE}, --workers 1 or more")
    return args


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse(arguments)
    partial = args.out.with_name(args.out.name + ".partial")
    for path in (args.out, partial):
        if path.exists():
            print(f"{path} exists already: remove it or choose another --out", file=sys.stderr)
            return 1
    images = partial / "images" / "train2014"
    images.mkdir(parents=True)
    try:
        counts = {split: getattr(args, split) for split in SPLITS}
        seconds = make(args, counts, images, partial)
        partial.rename(args.out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    print(f"{args.out}: {sum(counts.values())} scenes in {seconds:.0f} s")
    return 0


def make(args: argparse.Namespace, counts: dict[str, int], images: Path, root: Path) -> float:
    """Render and write everything under root, `manifest.json` last; returns the seconds it took."""
    started = time.monotonic()
    blocks = plan_blocks(args.seed, counts, args.sentences, images, args.width, args.height)
    records: list[tuple[str, dict[str, Any]]] = []
    # spawn: an OpenGL context does not survive a fork
    with multiprocessing.get_context("spawn").Pool(args.workers, maxtasksperchild=16) as pool:
        for block, made in zip(blocks, pool.imap(make_block, blocks), strict=True):
            records += [(block.split, record) for record in made]
            _progress(len(records), sum(counts.values()), time.monotonic() - started)
    print(file=sys.stderr)
    by_split = write_layout(root, records)
    seconds = time.monotonic() - started
    manifest = {
        "generator": GENERATOR,
        "seed": args.seed,
        "sentences_per_scene": args.sentences,
        "width": args.width,
        "height": args.height,
        "splits": by_split,
        "seconds": round(seconds, 1),
    }
    (root / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return seconds


def _progress(done: int, total: int, seconds: float) -> None:
    left = (total - done) * seconds / max(done, 1)
    print(
        f"\r{done}/{total} scenes, {done / seconds:.1f}/s, {left:.0f} s left ",
        end="",
        file=sys.stderr,
        flush=True,
    )
