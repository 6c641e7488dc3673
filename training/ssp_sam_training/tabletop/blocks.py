"""Scenes in blocks: the unit of work of one worker process.

Scene i of a split depends on the seed, the split and i alone: block b holds the scenes from
b * SCENES_PER_POOL on, and always starts from its own seed, whoever makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from ssp_sam_ros.perception.image_file import write_image
from ssp_sam_ros.sim import Scene, Tabletop
from ssp_sam_ros.sim.grammar import expressions
from ssp_sam_ros.sim.tabletop import SCENES_PER_POOL
from ssp_sam_ros.sim.words import NOUNS

SPLITS = ("train", "val", "test")
IMAGES_PER_SPLIT = 1_000_000
JPEG_QUALITY = 95
# The annotations of an image have the ids image_id * 16 + 0 .. 15.
ANNOTATIONS_PER_IMAGE = 16


@dataclass(frozen=True)
class Block:
    """Scenes `start` .. `stop - 1` of a split."""

    seed: int
    split: str
    start: int
    stop: int
    sentences: int
    width: int
    height: int
    folder: Path


def plan_blocks(
    seed: int, counts: dict[str, int], sentences: int, folder: Path, width: int = 320, height: int = 240
) -> list[Block]:
    """All blocks of a dataset, in order of split and scene."""
    return [
        Block(seed, split, start, min(start + SCENES_PER_POOL, count), sentences, width, height, folder)
        for split, count in counts.items()
        for start in range(0, count, SCENES_PER_POOL)
    ]


def make_block(block: Block) -> list[dict[str, Any]]:
    """Render the block's scenes, write their JPEG files, return one record a scene.

    A record holds "image" and "annotations" in COCO's form, and "expressions": (text, kind, ann_ids) each.

    Raises:
        OSError: a picture cannot be written.
        SimulatorUnavailableError: MuJoCo or an off-screen OpenGL is missing.
    """
    cv2.setNumThreads(1)
    seed = (block.seed, SPLITS.index(block.split), block.start // SCENES_PER_POOL)
    tabletop = Tabletop(seed, block.width, block.height)
    words = np.random.default_rng((*seed, 1))
    try:
        return [_record(block, i, tabletop.scene(), words) for i in range(block.start, block.stop)]
    finally:
        tabletop.close()


def _record(block: Block, index: int, scene: Scene, words: np.random.Generator) -> dict[str, Any]:
    image_id = (SPLITS.index(block.split) + 1) * IMAGES_PER_SPLIT + index
    name = f"tabletop_{block.split}_{index:06d}.jpg"
    path = block.folder / name
    write_image(path, scene.image, JPEG_QUALITY)
    found = expressions(scene.objects, scene.size, words, block.sentences)
    first = image_id * ANNOTATIONS_PER_IMAGE
    return {
        "image": {"id": image_id, "file_name": name, "width": scene.size[0], "height": scene.size[1]},
        "annotations": _annotations(scene, image_id),
        "expressions": [(e.text, e.kind, tuple(first + i for i in e.targets)) for e in found],
    }


def _annotations(scene: Scene, image_id: int) -> list[dict[str, Any]]:
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
            "attributes": {"colour": item.colour, "size": item.size},
        }
        for i, (item, rle) in enumerate(zip(scene.objects, encoded, strict=True))
    ]
