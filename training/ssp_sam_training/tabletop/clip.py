"""The command `training/make_clip.py`: one live scene, recorded with sentences that hold in every frame."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ssp_sam_ros.sim import LiveTabletop, Scene
from ssp_sam_ros.sim.clip import FORMAT, SHIPPED
from ssp_sam_ros.sim.grammar import Expression, expressions
from ssp_sam_ros.sim.graph import SceneGraph
from ssp_sam_ros.sim.live import PERIOD
from ssp_sam_ros.sim.meaning import All, Both, Compared, Extreme, Head, One, Placed, Related
from ssp_sam_ros.sim.rle import encode

# What the demonstration says: one sentence of each of these forms, as far as the scene has one.
Form = Callable[[Expression, SceneGraph], bool]


def _ambiguous(head: Head, graph: SceneGraph) -> bool:
    """Whether the attributes alone match several objects, so that the rest of the sentence matters."""
    return len(head.matches(graph)) > 1


def _is_attribute(e: Expression, graph: SceneGraph) -> bool:
    return isinstance(e.meaning, One) and e.kind == "attribute" and None not in (
        e.meaning.head.colour,
        e.meaning.head.noun,
    )


def _is_size(e: Expression, graph: SceneGraph) -> bool:
    meaning = e.meaning
    return (isinstance(meaning, One) and e.kind == "size" and _ambiguous(Head(None, None, meaning.head.noun), graph)) or (
        isinstance(meaning, Compared)
    )


def _is_place(e: Expression, graph: SceneGraph) -> bool:
    meaning = e.meaning
    return e.kind == "place" and isinstance(meaning, Placed | Extreme) and meaning.head.noun is not None and (
        _ambiguous(meaning.head, graph)
    )


def _is_relation(e: Expression, graph: SceneGraph) -> bool:
    return e.kind == "relation" and isinstance(e.meaning, Related) and _ambiguous(e.meaning.head, graph)


def _is_all(e: Expression, graph: SceneGraph) -> bool:
    return e.kind == "several" and isinstance(e.meaning, All) and e.meaning.head != Head()


def _is_both(e: Expression, graph: SceneGraph) -> bool:
    return e.kind == "several" and isinstance(e.meaning, Both)


def _is_absent(e: Expression, graph: SceneGraph) -> bool:
    return e.kind == "absent" and isinstance(e.meaning, One) and None not in (
        e.meaning.head.colour,
        e.meaning.head.noun,
    )


FORMS: tuple[Form, ...] = (_is_attribute, _is_size, _is_place, _is_relation, _is_all, _is_both, _is_absent)


def choose_sentences(scenes: Sequence[Scene], seed: int) -> list[Expression]:
    """One sentence of each form in `FORMS` that means the same objects in every scene, with different targets.

    Raises:
        ValueError: the scenes have no sentence of some form.
    """
    graphs = [SceneGraph(scene.objects, scene.size) for scene in scenes]
    rng = np.random.default_rng(seed)
    lasting = [
        e
        for e in expressions(scenes[0].objects, scenes[0].size, rng, 1500)
        if e.text.split()[0] in ("the", "all", "both", "every")
        and all(e.meaning.targets(graph) == e.targets for graph in graphs)
    ]
    chosen: list[Expression] = []
    for form in FORMS:
        fitting = [e for e in lasting if form(e, graphs[0])]
        taken = {e.targets for e in chosen}
        fresh = [e for e in fitting if e.targets not in taken or not e.targets]
        if not fitting:
            raise ValueError(f"this scene has no lasting sentence for {form.__name__}: take another --seed")
        chosen.append((fresh or fitting)[0])
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="make_clip.py",
        description="Record one simulated scene under a slowly moving camera: JPEG frames, and clip.json with sentences "
        "and the visible mask of every object in every frame.",
    )
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder to write (default: the shipped clip)")
    parser.add_argument("--seed", type=int, default=0, help="which scene (default %(default)s)")
    parser.add_argument("--frames", type=int, default=60, help="frames of one swing (default %(default)s)")
    parser.add_argument("--fps", type=float, default=10.0, help="frames per second (default %(default)s)")
    parser.add_argument("--quality", type=int, default=90, help="JPEG quality (default %(default)s)")
    args = parser.parse_args(arguments)
    if (args.out / "clip.json").exists():
        print(f"{args.out} holds a clip already: remove it or choose another --out", file=sys.stderr)
        return 1
    if args.frames < 1 or args.fps <= 0 or not 1 <= args.quality <= 100:
        parser.error("--frames and --fps must be positive, --quality 1 to 100")
    live = LiveTabletop(args.seed, 640, 480)
    try:
        scenes = [live.render(k * PERIOD / args.frames) for k in range(args.frames)]
    finally:
        live.close()
    write_clip(args.out, scenes, choose_sentences(scenes, args.seed), args.seed, args.fps, args.quality)
    return 0


def write_clip(
    folder: Path, scenes: Sequence[Scene], sentences: Sequence[Expression], seed: int, fps: float, quality: int
) -> None:
    """Write the frames and `clip.json`.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"frame_{k:03d}.jpg" for k in range(len(scenes))]
    for name, scene in zip(names, scenes, strict=True):
        if not cv2.imwrite(str(folder / name), scene.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality]):
            raise OSError(f"could not write {folder / name}")
    width, height = scenes[0].size
    content = {
        "format": FORMAT,
        "seed": seed,
        "fps": fps,
        "width": width,
        "height": height,
        "objects": [f"{o.size} {o.colour} {o.noun}" for o in scenes[0].objects],
        "sentences": [{"text": e.text, "kind": e.kind, "targets": list(e.targets)} for e in sentences],
        "frames": names,
        # COCO run lengths (column-major, zeros first) of the visible mask, by frame and object
        "masks": [[encode(scene.labels == i + 1) for i in range(len(scene.objects))] for scene in scenes],
    }
    (folder / "clip.json").write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
