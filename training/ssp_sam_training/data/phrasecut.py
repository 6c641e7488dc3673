"""PhraseCut in its official files: ``refer_<split>.json`` and ``image_data_split.json``.

One task is a phrase and all instances it means; a sample each. The files and the rule that turns polygons
into masks are those of the PhraseCutDataset toolkit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .folders import VisualGenomeFolder, find_folder, first_existing
from .json_file import load_json, reading
from .picture import VISUAL_GENOME, Picture
from .sample import Dataset, Sample, Sentence, Target
from .shapes import PointPolygons

NAME = "phrasecut"
SPLITS = ("train", "val", "miniv", "test")
_FOLDERS = ("phrasecut", "VGPhraseCut_v0", "PhraseCutDataset/data/VGPhraseCut_v0")
_IMAGE_DATA = ("image_data_split.json", "image_data_split3000.json")


def phrasecut_files(root: Path, split: str) -> list[Path]:
    """The files of a split."""
    folder = _folder(root)
    return [folder / f"refer_{split}.json", first_existing([folder / name for name in _IMAGE_DATA])]


def phrasecut_splits(root: Path) -> tuple[str, ...]:
    """The splits whose file is there; all where none is."""
    there = tuple(split for split in SPLITS if phrasecut_files(root, split)[0].is_file())
    return there or SPLITS


def load_phrasecut(root: Path, split: str, image_folder: Path | None = None) -> Dataset:
    """Read one split: "train", "val" (without miniv), "miniv", "test", or several joined by "_".

    Raises:
        FileNotFoundError, DatasetError: as `load_dataset`.
        ValueError: there is no such split.
    """
    parts = split.split("_")
    if not set(parts) <= set(SPLITS):
        raise ValueError(f"{NAME} has no split {split!r}; it has: {', '.join(SPLITS)}")
    pictures: dict[int, Picture] = {}
    samples: list[Sample] = []
    for part in parts:
        tasks_path, images_path = phrasecut_files(root, part)
        if not pictures:
            pictures = _pictures(images_path, _images(root, image_folder))
        tasks = load_json(tasks_path)
        for number, task in enumerate(tasks):
            with reading(tasks_path, f"task {_name(task, number)}"):
                samples.append(_sample(task, pictures, part, len(samples)))
    return Dataset(NAME, split, "", samples)


def _sample(task: Mapping[str, Any], pictures: Mapping[int, Picture], split: str, number: int) -> Sample:
    boxes, polygons = task["instance_boxes"], task["Polygons"]
    if len(boxes) != len(polygons):
        raise ValueError(f"{len(boxes)} instance_boxes, {len(polygons)} Polygons")
    if task["image_id"] not in pictures:
        raise ValueError(f"picture {task['image_id']} is not in image_data_split.json")
    structure = task.get("phrase_structure") or {}
    targets = []
    for instance, (box, outline) in enumerate(zip(boxes, polygons, strict=True)):
        x, y, width, height = (float(side) for side in box)
        target = Target(
            instance, (x, y, width, height), PointPolygons(outline), category=structure.get("name", "")
        )
        targets.append(target)
    sentence = Sentence(task["phrase"], number, structure.get("type"))
    picture = pictures[task["image_id"]]
    return Sample(NAME, split, picture, str(task["task_id"]), (sentence,), tuple(targets))


def _pictures(path: Path, folder: VisualGenomeFolder) -> dict[int, Picture]:
    pictures = {}
    for number, entry in enumerate(load_json(path)):
        with reading(path, f"picture {number}"):
            image_id = int(entry["image_id"])
            pictures[image_id] = Picture(
                VISUAL_GENOME,
                image_id,
                folder.path(image_id, entry.get("url") or ""),
                (int(entry["height"]), int(entry["width"])),
                entry.get("coco_id"),
            )
    return pictures


def _images(root: Path, image_folder: Path | None) -> VisualGenomeFolder:
    return VisualGenomeFolder(image_folder or find_folder(root, VISUAL_GENOME))


def _folder(root: Path) -> Path:
    return first_existing([root / folder for folder in _FOLDERS])


def _name(task: Any, number: int) -> object:
    return task.get("task_id", number) if isinstance(task, dict) else number
