"""Little sets in the official formats of PhraseCut, Flickr30k Entities, Visual Genome, and prepared ones."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

HEIGHT, WIDTH = 60, 80


def picture(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def dump(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def square(x: int, y: int, side: int) -> list[list[int]]:
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]


def phrasecut(root: Path) -> Path:
    """Two validation tasks, one of two instances, and a test task on another picture."""
    folder = root / "phrasecut"
    url = "https://cs.stanford.edu/people/rak248/VG_100K_2/{}.jpg"
    images = [
        {
            "image_id": i, "width": WIDTH, "height": HEIGHT, "coco_id": coco, "flickr_id": None,
            "url": url.format(i), "split": split,
        }
        for i, coco, split in ((1, 555, "val"), (2, None, "test"))
    ]  # fmt: skip
    dump(folder / "image_data_split.json", images)

    def task(image_id: int, phrase: str, places: list[tuple[int, int]], kind: str) -> dict[str, Any]:
        return {
            "task_id": f"{image_id}__{len(places)}", "image_id": image_id, "ann_ids": [7], "phrase": phrase,
            "instance_boxes": [[x, y, 11, 11] for x, y in places],
            "Polygons": [[square(x, y, 10)] for x, y in places],
            "phrase_structure": {"name": "cup", "attributes": [], "relation_descriptions": [], "type": kind},
        }  # fmt: skip

    dump(
        folder / "refer_val.json",
        [task(1, "white cup", [(5, 5)], "attribute"), task(1, "cups", [(5, 5), (40, 30)], "name")],
    )
    dump(folder / "refer_test.json", [task(2, "cup", [(20, 20)], "name")])
    for i in (1, 2):
        picture(root / "images" / "VG" / "VG_100K_2" / f"{i}.jpg", i)
    return root


CAPTIONS = """[/EN#10/people A man] with [/EN#11/clothing a red hat] in [/EN#12/scene the park] .
[/EN#10/people The tall man] waves to [/EN#0/notvisual it] .
"""
BOXES = """<annotation><filename>77.jpg</filename>
<size><width>80</width><height>60</height><depth>3</depth></size>
<object><name>10</name><name>13</name>
<bndbox><xmin>11</xmin><ymin>6</ymin>
<xmax>31</xmax><ymax>46</ymax></bndbox></object>
<object><name>11</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>6</xmax><ymax>6</ymax></bndbox></object>
<object><name>11</name><bndbox><xmin>41</xmin><ymin>1</ymin><xmax>51</xmax><ymax>11</ymax></bndbox></object>
<object><name>12</name><scene>1</scene><nobndbox>0</nobndbox></object>
</annotation>
"""


def flickr30k(root: Path) -> Path:
    """One training picture: a chain of two phrases, one of two boxes, a scene, and what is not visual."""
    folder = root / "flickr30k"
    for name, content in (
        ("train.txt", "77\n"),
        ("val.txt", ""),
        ("Sentences/77.txt", CAPTIONS),
        ("Annotations/77.xml", BOXES),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    picture(root / "images" / "flickr30k" / "77.jpg")
    return root


def visual_genome(root: Path) -> Path:
    """Three regions on two pictures; the second picture is COCO's number 9."""
    folder = root / "visual_genome"
    url = "https://cs.stanford.edu/people/rak248/VG_100K/{}.jpg"
    dump(
        folder / "image_data.json",
        [
            {
                "image_id": i, "width": WIDTH, "height": HEIGHT, "coco_id": coco, "flickr_id": None,
                "url": url.format(i),
            }
            for i, coco in ((1, None), (3, 9))
        ],
    )  # fmt: skip

    def region(number: int, image_id: int, phrase: str) -> dict[str, Any]:
        place = {"x": number, "y": 2, "width": 10, "height": 20}
        return {"region_id": number, "image_id": image_id, "phrase": phrase, **place}

    dump(
        folder / "region_descriptions.json",
        [
            {"id": 1, "regions": [region(4, 1, "the clock is green"), region(5, 1, " café sign ")]},
            {"id": 3, "regions": [region(6, 3, "a man")]},
        ],
    )
    for i in (1, 3):
        picture(root / "images" / "VG" / "VG_100K" / f"{i}.jpg", i)
    return root


def prepared(root: Path, name: str, content: dict[str, Any], masks: dict[str, np.ndarray]) -> Path:
    """anns/<name>.json and its masks."""
    dump(root / "anns" / f"{name}.json", content)
    for path, mask in masks.items():
        (root / "masks" / path).parent.mkdir(parents=True, exist_ok=True)
        np.save(root / "masks" / path, mask)
    return root


@pytest.fixture
def official() -> SimpleNamespace:
    """The functions above, for tests that write sets of their own."""
    return SimpleNamespace(
        picture=picture, dump=dump, phrasecut=phrasecut, flickr30k=flickr30k,
        visual_genome=visual_genome, prepared=prepared, size=(HEIGHT, WIDTH),
    )  # fmt: skip
