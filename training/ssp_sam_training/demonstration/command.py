"""The command `training/make_clip.py`: one live scene, recorded with sentences that hold in every frame."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ssp_sam_ros.perception.image_file import write_image
from ssp_sam_ros.sim import LiveTabletop, Scene
from ssp_sam_ros.sim.bench.live import LiveBench
from ssp_sam_ros.sim.bench.words import PLAIN
from ssp_sam_ros.sim.clip import FORMAT, SHIPPED
from ssp_sam_ros.sim.live import PERIOD
from ssp_sam_ros.sim.rle import encode
from ssp_sam_ros.sim.scene import SceneObject

from .bench import choose_sentences as bench_sentences
from .tabletop import choose_sentences as tabletop_sentences


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="make_clip.py",
        description="Record one simulated scene under a slowly moving camera: JPEG frames, and clip.json "
        "with sentences and the visible mask of every object in every frame.",
    )
    parser.add_argument(
        "--out", type=Path, default=SHIPPED, help="folder to write (default: the shipped clip)"
    )
    parser.add_argument(
        "--world", choices=("bench", "tabletop"), default="bench", help="default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=229, help="which scene (default %(default)s)")
    parser.add_argument(
        "--sentences-seed", type=int, default=234, help="which sentences about it (default: %(default)s)"
    )
    parser.add_argument("--frames", type=int, default=60, help="frames of one swing (default %(default)s)")
    parser.add_argument("--fps", type=float, default=10.0, help="frames per second (default %(default)s)")
    parser.add_argument("--quality", type=int, default=90, help="JPEG quality (default %(default)s)")
    args = parser.parse_args(arguments)
    if (args.out / "clip.json").exists():
        print(f"{args.out} holds a clip already: remove it or choose another --out", file=sys.stderr)
        return 1
    if args.frames < 1 or args.fps <= 0 or not 1 <= args.quality <= 100:
        parser.error("--frames and --fps must be positive, --quality 1 to 100")
    live: Any = (LiveBench if args.world == "bench" else LiveTabletop)(args.seed, 640, 480)
    try:
        scenes = [live.render(k * PERIOD / args.frames) for k in range(args.frames)]
    finally:
        live.close()
    choose: Any = bench_sentences if args.world == "bench" else tabletop_sentences
    source = {"world": args.world, "seed": args.seed}
    sentences = choose(scenes, args.sentences_seed)
    write_clip(args.out, scenes, sentences, source, args.fps, args.quality)
    return 0


def write_clip(
    folder: Path,
    scenes: Sequence[Scene],
    sentences: Sequence[Any],
    source: Mapping[str, Any],
    fps: float,
    quality: int,
) -> None:
    """Write the frames and `clip.json`.

    Args:
        scenes: the frames.
        sentences: `Expression`s of either world's grammar.
        source: world and seed of the scene.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"frame_{k:03d}.jpg" for k in range(len(scenes))]
    for name, scene in zip(names, scenes, strict=True):
        write_image(folder / name, scene.image, quality)
    width, height = scenes[0].size
    content = {
        "format": FORMAT,
        **source,
        "fps": fps,
        "width": width,
        "height": height,
        "objects": [_described(o) for o in scenes[0].objects],
        "sentences": [{"text": e.text, "kind": e.kind, "targets": list(e.targets)} for e in sentences],
        "frames": names,
        # COCO run lengths (column-major, zeros first) of the visible mask, by frame and object
        "masks": [[encode(scene.labels == i + 1) for i in range(len(scene.objects))] for scene in scenes],
    }
    (folder / "clip.json").write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")


def _described(thing: SceneObject) -> str:
    material = getattr(thing, "material", PLAIN)
    parts = (thing.size, thing.colour, "" if material == PLAIN else material, thing.noun)
    return " ".join(part for part in parts if part)
