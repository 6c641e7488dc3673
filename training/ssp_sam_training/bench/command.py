"""The command `training/make_bench.py`: many processes, one reproducible dataset, resumed where it was."""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ssp_sam_ros.sim.bench.grammar import KINDS
from ssp_sam_ros.sim.bench.words import HELD_OUT_PAIRS, NOUNS

from ..tabletop.writer import SENTENCES_PER_IMAGE, write_layout
from .blocks import Block, make_block, plan_blocks, read_block
from .splits import SPLITS

GENERATOR = "ssp_sam_ros bench/2"  # another number whenever the same seed gives other pictures or sentences
_NOTE = "options.json"
_COUNTS = {"train": 30000, "val": 600, "test": 600, "pairs": 600, "forms": 600}
_WHAT = {
    "train": "training scenes",
    "val": "unseen scenes to choose a model by",
    "test": "unseen scenes",
    "pairs": "scenes with unseen pairs of colour and noun",
    "forms": "scenes with unseen forms of sentences",
}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="make_bench.py",
        description="Render scenes of the simulated bench, make sentences about them, and write both in the "
        "RefCOCO and gRefCOCO layouts. Stopped, it goes on where it was when started again with the same "
        "options. Needs MuJoCo and an off-screen OpenGL (EGL).",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to make; must not exist yet")
    for split in SPLITS:
        text = f"{_WHAT[split]} (default %(default)s)"
        parser.add_argument(f"--{split}", type=int, default=_COUNTS[split], metavar="N", help=text)
    parser.add_argument("--sentences", type=int, default=16, help="sentences a scene (default %(default)s)")
    parser.add_argument(
        "--kinds",
        type=_kinds,
        metavar="KIND=SHARE,...",
        help="how often each kind of training sentence is tried, such as negation=2,ordinal=1",
    )
    parser.add_argument(
        "--absent-kinds",
        type=_absent_kinds,
        metavar="KIND=SHARE,...",
        help="which kinds the training sentences about what is not there are made of, by changing one thing",
    )
    parser.add_argument("--seed", type=int, default=0, help="same seed, same dataset (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default %(default)s)")
    parser.add_argument(
        "--width", type=int, default=320, help="picture width in pixels (default %(default)s)"
    )
    parser.add_argument(
        "--height", type=int, default=240, help="picture height in pixels (default %(default)s)"
    )
    args = parser.parse_args(arguments)
    counts = [getattr(args, split) for split in SPLITS]
    if min(*counts, args.seed) < 0 or not any(counts):
        parser.error("the numbers of scenes and --seed must be 0 or more, and one scene at least is needed")
    if not 1 <= args.sentences <= SENTENCES_PER_IMAGE or args.workers < 1:
        parser.error(f"--sentences must be 1 to {SENTENCES_PER_IMAGE}, --workers 1 or more")
    if min(args.width, args.height) < 32:
        parser.error("--width and --height must be 32 or more")
    return args


def _kinds(text: str) -> dict[str, float]:
    """Shares that sum to one. Raises ArgumentTypeError for what is none."""
    found: dict[str, float] = {}
    for part in text.split(","):
        kind, _, share = part.strip().partition("=")
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"no kind '{kind}'; known: {', '.join(KINDS)}")
        try:
            found[kind] = float(share)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"'{part.strip()}' is not KIND=SHARE, such as {kind}=0.2"
            ) from None
    total = sum(found.values())
    if not (min(found.values()) >= 0 and 0 < total < math.inf):
        raise argparse.ArgumentTypeError("shares are 0 or more, and one of them at least is more than 0")
    return {kind: share / total for kind, share in found.items()}


def _absent_kinds(text: str) -> dict[str, float]:
    """The same of kinds that are not "absent" itself."""
    found = _kinds(text)
    if "absent" in found:
        raise argparse.ArgumentTypeError("absent sentences are made of another kind")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = parse(arguments)
    options = _options(args)
    if args.out.exists():
        if _begun_with(args.out) == options:  # stopped while it was tidied up
            _tidy(args.out)
            print(f"{args.out}: {sum(options['scenes'].values())} scenes, complete")
            return 0
        print(f"{args.out} exists already: remove it or choose another --out", file=sys.stderr)
        return 1
    partial = args.out.with_name(args.out.name + ".partial")
    problem = _prepare(partial, options)
    if problem:
        print(problem, file=sys.stderr)
        return 1
    counts: dict[str, int] = options["scenes"]
    blocks = plan_blocks(
        args.seed, counts, args.sentences, partial, args.width, args.height, args.kinds, args.absent_kinds
    )
    seconds = _render(blocks, args.workers)
    _finish(partial, blocks, options)
    partial.rename(args.out)
    _tidy(args.out)
    print(f"{args.out}: {sum(counts.values())} scenes, {seconds:.0f} s this time")
    return 0


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """All that decides what the files hold."""
    kinds = {"kinds": args.kinds, "absent_kinds": args.absent_kinds}
    return {
        **{name: shares for name, shares in kinds.items() if shares},
        "generator": GENERATOR,
        "seed": args.seed,
        "sentences_per_scene": args.sentences,
        "width": args.width,
        "height": args.height,
        "scenes": {split: getattr(args, split) for split in SPLITS},
    }


def _prepare(partial: Path, options: dict[str, Any]) -> str | None:
    """Make the folders of a dataset in the making, or say why an older attempt cannot be gone on with."""
    begun = _begun_with(partial)
    if begun is not None:
        if begun != options:
            return f"{partial} was begun with other options ({partial / _NOTE}): use them again, or remove it"
        return None
    if partial.exists():
        return f"{partial} exists already and is no unfinished dataset: remove it or choose another --out"
    (partial / "images" / "train2014").mkdir(parents=True)
    (partial / "blocks").mkdir()
    (partial / _NOTE).write_text(json.dumps(options, indent=2) + "\n", encoding="utf-8")
    return None


def _begun_with(root: Path) -> dict[str, Any] | None:
    """The options of a dataset that is not tidied up yet; None where there is none."""
    note = root / _NOTE
    if not note.is_file():
        return None
    options: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    return options


def _tidy(root: Path) -> None:
    """Remove what only a dataset in the making needs; its options last, so that this can be done again."""
    if (root / "blocks").exists():
        shutil.rmtree(root / "blocks")
    (root / _NOTE).unlink()


def _render(blocks: list[Block], workers: int) -> float:
    """Make the blocks that are not there yet; returns the seconds it took."""
    started, total = time.monotonic(), sum(block.stop - block.start for block in blocks)
    todo = [block for block in blocks if not block.file.is_file()]
    before = done = total - sum(block.stop - block.start for block in todo)
    if not todo:
        return 0.0
    # spawn: an OpenGL context does not survive a fork
    with multiprocessing.get_context("spawn").Pool(workers, maxtasksperchild=8) as pool:
        for block in pool.imap_unordered(make_block, todo):
            done += block.stop - block.start
            _progress(done, total, done - before, time.monotonic() - started)
    print(file=sys.stderr)
    return time.monotonic() - started


def _progress(done: int, total: int, made: int, seconds: float) -> None:
    rate = made / seconds
    text = f"\r{done}/{total} scenes, {rate:.1f}/s, {(total - done) / rate:.0f} s left "
    print(text, end="", file=sys.stderr, flush=True)


def _finish(root: Path, blocks: list[Block], options: dict[str, Any]) -> None:
    """From blocks to the dataset's own files; `manifest.json` last."""
    records = [(block.split, record) for block in blocks for record in read_block(block)]
    for name in ("grefcoco", "refcoco"):  # left by an attempt that stopped here
        shutil.rmtree(root / name, ignore_errors=True)
    by_split = write_layout(root, records, NOUNS, "bench")
    for split, counts in by_split.items():
        counts.update(_averages([record for s, record in records if s == split], root))
    manifest = {**options, "held_out_pairs": sorted(HELD_OUT_PAIRS), "splits": by_split}
    (root / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _averages(records: list[dict[str, Any]], root: Path) -> dict[str, float]:
    """Per scene and per sentence, for the manifest."""
    clear = sum(item["clear"] for record in records for item in record["annotations"])
    words = [len(text.split()) for record in records for text, *_ in record["expressions"]]
    files = [root / "images" / "train2014" / record["image"]["file_name"] for record in records]
    return {
        "clear_objects": clear,
        "words_a_sentence": round(sum(words) / max(1, len(words)), 2),
        "bytes_a_picture": round(sum(file.stat().st_size for file in files) / len(files)),
    }
