"""Scenes in blocks: the unit of work of one worker process, and of resuming.

Scene i of a split depends on the seed, the split and i alone: block b holds the scenes from
b * SCENES_PER_POOL on, and always starts from its own seed, whoever makes it and when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from ssp_sam_ros.perception.image_file import write_image
from ssp_sam_ros.sim.bench import Bench, BenchScene
from ssp_sam_ros.sim.bench.bench import SCENES_PER_POOL
from ssp_sam_ros.sim.bench.grammar import Expression, expressions
from ssp_sam_ros.sim.bench.say import BARE
from ssp_sam_ros.sim.bench.words import NOUNS
from ssp_sam_ros.weights.atomic import written_atomically

from .splits import SPLITS, mix_of, wanted_of

IMAGES_PER_SPLIT = 1_000_000
JPEG_QUALITIES = (80, 95)
# The annotations of an image have the ids image_id * 16 + 0 .. 15.
ANNOTATIONS_PER_IMAGE = 16


@dataclass(frozen=True)
class Block:
    """Scenes `start` .. `stop - 1` of a split; pictures go to `images`, their records to `records`."""

    seed: int
    split: str
    start: int
    stop: int
    sentences: int
    width: int
    height: int
    images: Path
    records: Path
    # Shares of the kinds of training sentences, and of what absent ones are made of, if others than usual.
    kinds: tuple[tuple[str, float], ...] = ()
    absent: tuple[tuple[str, float], ...] = ()

    @property
    def file(self) -> Path:
        """The block's records; written last, so that a block with this file is whole."""
        return self.records / f"{self.split}_{self.start:07d}.json"


def plan_blocks(
    seed: int,
    counts: dict[str, int],
    sentences: int,
    root: Path,
    width: int = 320,
    height: int = 240,
    kinds: Mapping[str, float] | None = None,
    absent: Mapping[str, float] | None = None,
) -> list[Block]:
    """All blocks of a dataset, in order of split and scene."""
    images, records = root / "images" / "train2014", root / "blocks"
    return [
        Block(
            seed,
            split,
            start,
            min(start + SCENES_PER_POOL, count),
            sentences,
            width,
            height,
            images,
            records,
            tuple((kinds or {}).items()),
            tuple((absent or {}).items()),
        )
        for split, count in counts.items()
        for start in range(0, count, SCENES_PER_POOL)
    ]


def make_block(block: Block) -> Block:
    """Render the block's scenes, write their JPEG files, then their records; nothing if that is done already.

    Raises:
        OSError: a file cannot be written.
        SimulatorUnavailableError: MuJoCo or an off-screen OpenGL is missing.
    """
    if block.file.is_file():
        return block
    cv2.setNumThreads(1)
    seed = (block.seed, SPLITS.index(block.split), block.start // SCENES_PER_POOL)
    bench = Bench(seed, block.width, block.height, mix_of(block.split))
    words = np.random.default_rng((*seed, 1))
    try:
        records = [_record(block, i, bench.scene(), words) for i in range(block.start, block.stop)]
    finally:
        bench.close()
    with written_atomically(block.file) as path:
        path.write_text(json.dumps(records, separators=(",", ":")), encoding="utf-8")
    return block


def read_block(block: Block) -> list[dict[str, Any]]:
    """One record a scene: "image" and "annotations" in COCO's form, and "expressions".

    An expression is (text, kind, annotation ids, more): "templates", which bare descriptions have not, and
    "mentions", lists of annotation ids in the order of `ssp_sam_ros.sim.bench.mentions.ROLES`.

    Raises:
        FileNotFoundError: the block is not made yet.
    """
    records: list[dict[str, Any]] = json.loads(block.file.read_text(encoding="utf-8"))
    return records


def _record(block: Block, index: int, scene: BenchScene, words: np.random.Generator) -> dict[str, Any]:
    image_id = (SPLITS.index(block.split) + 1) * IMAGES_PER_SPLIT + index
    name = f"bench_{block.split}_{index:06d}.jpg"
    write_image(
        block.images / name, scene.image, int(words.integers(JPEG_QUALITIES[0], JPEG_QUALITIES[1] + 1))
    )
    found = expressions(
        scene.objects,
        scene.size,
        words,
        block.sentences,
        wanted_of(block.split, dict(block.kinds), dict(block.absent)),
    )
    first = image_id * ANNOTATIONS_PER_IMAGE
    return {
        "image": {"id": image_id, "file_name": name, "width": scene.size[0], "height": scene.size[1]},
        "annotations": _annotations(scene, image_id),
        "expressions": [(e.text, e.kind, [first + i for i in e.targets], _more(e, first)) for e in found],
    }


def _more(expression: Expression, first: int) -> dict[str, Any]:
    """What is mentioned, and the templates, where there is more than a bare description."""
    templates = [template for template in expression.templates if template != BARE]
    mentions = [[first + i for i in indices] for indices in expression.mentions]
    return {"mentions": mentions} | ({"templates": templates} if templates else {})


def _annotations(scene: BenchScene, image_id: int) -> list[dict[str, Any]]:
    stack = np.stack([scene.labels == i + 1 for i in range(len(scene.objects))], -1)
    encoded = coco_mask.encode(np.asfortranarray(stack.astype(np.uint8)))
    return [
        {
            "id": image_id * ANNOTATIONS_PER_IMAGE + i,
            "image_id": image_id,
            "category_id": NOUNS.index(item.noun) + 1,
            "iscrowd": 0,
            "bbox": [item.bbox[0], item.bbox[1], item.bbox[2] - item.bbox[0], item.bbox[3] - item.bbox[1]],
            "area": item.pixels,
            "segmentation": {"size": list(rle["size"]), "counts": rle["counts"].decode("ascii")},
            "attributes": {"colour": item.colour, "size": item.size, "material": item.material},
            "visible": round(item.share, 3),
            "clear": item.clear,
        }
        for i, (item, rle) in enumerate(zip(scene.objects, encoded, strict=True))
    ]
