"""Your own pictures: COCO instances and one line of JSON per group of expressions.

``<root>/instances.json`` as COCO has it, ``<root>/images/`` the pictures, ``<root>/expressions.jsonl``:

    {"image_id": 7, "ann_ids": [12], "expressions": ["the red mug", "mug on the left"], "split": "train"}

An empty ``ann_ids`` says that the expressions mean nothing in the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .json_file import load_json_lines, reading
from .picture import CUSTOM, Picture
from .refer_files import load_instances
from .sample import Dataset, Sample, Sentence, Target
from .shapes import CocoShape

NAME = "custom"
_KEYS = {"image_id", "ann_ids", "expressions", "split", "kind"}


def custom_files(root: Path) -> list[Path]:
    """The two files and the pictures' folder."""
    return [root / "expressions.jsonl", root / "instances.json", root / "images"]


def custom_splits(root: Path) -> tuple[str, ...]:
    """The splits that the lines name, in order of appearance; raises as `load_custom`."""
    path = custom_files(root)[0]
    splits: dict[str, None] = {}
    for number, line in load_json_lines(path):
        with reading(path, f"line {number}"):
            splits[_check(line)["split"]] = None
    return tuple(splits)


def load_custom(root: Path, split: str, image_folder: Path | None = None) -> Dataset:
    """Read one split; a sample's `ref_id` is the number of its line.

    Raises:
        FileNotFoundError, DatasetError: as `load_dataset`.
        ValueError: there is no such split.
    """
    path, instances, images = custom_files(root)
    lines = []
    for number, line in load_json_lines(path):
        with reading(path, f"line {number}"):
            lines.append((number, _check(line)))
    chosen = [(number, line) for number, line in lines if line["split"] == split]
    if not chosen:
        have = ", ".join(dict.fromkeys(line["split"] for _, line in lines)) or "none"
        raise ValueError(f"{path} has no split {split!r}; it has: {have}")
    infos, annotations, categories = load_instances(instances, {line["image_id"] for _, line in chosen})
    folder = image_folder or images
    pictures = {
        info.id: Picture(CUSTOM, info.id, folder / info.file_name, (info.height, info.width))
        for info in infos.values()
    }
    samples = []
    sent_id = 0
    for number, line in chosen:
        with reading(path, f"line {number}"):
            image_id = line["image_id"]
            if image_id not in pictures:
                raise ValueError(f"picture {image_id} is not in {instances.name}")
            targets = []
            for ann_id in line["ann_ids"]:
                one = annotations.get(ann_id)
                if one is None or one.image_id != image_id:
                    raise ValueError(
                        f"object {ann_id} is not among those of picture {image_id} in {instances.name}"
                    )
                shape, category = CocoShape(one.segmentation), categories.get(one.category_id, "")
                targets.append(Target(one.id, one.bbox, shape, one.iscrowd, category))
            texts = line["expressions"]
            sentences = tuple(Sentence(text, sent_id + i, line.get("kind")) for i, text in enumerate(texts))
            sent_id += len(sentences)
            samples.append(Sample(NAME, split, pictures[image_id], number, sentences, tuple(targets)))
    return Dataset(NAME, split, "", samples)


def _check(line: Any) -> Mapping[str, Any]:
    """The line, if it has what it needs; raises ValueError saying what is wrong."""
    if not isinstance(line, dict):
        raise ValueError("an object {...} is wanted on every line")
    if unknown := sorted(line.keys() - _KEYS):
        raise ValueError(f"unknown keys {', '.join(unknown)}; known: {', '.join(sorted(_KEYS))}")
    if missing := sorted(_KEYS - {"kind"} - line.keys()):
        raise ValueError(f"{', '.join(missing)} missing")
    texts = line["expressions"]
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) and t.strip() for t in texts):
        raise ValueError("expressions is a list of one or more texts that are not empty")
    if not isinstance(line["ann_ids"], list):
        raise ValueError("ann_ids is a list of objects' ids; an empty one for no target")
    return line
