"""The two files of a set in the REFER layout: its references and its ``instances.json``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import DatasetError
from .json_file import load_json
from .plain_pickle import load_plain_pickle
from .refer_set import Annotation, ImageInfo, Reference
from .sample import Sentence


def load_references(path: Path) -> list[Reference]:
    """All references of ``refs(<by>).p`` or ``grefs(<by>).json``, every split."""
    entries = load_json(path) if path.suffix == ".json" else load_plain_pickle(path)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DatasetError(f"{path} is not a list of references")
    return [_parse_reference(entry, index, path) for index, entry in enumerate(entries)]


def _parse_reference(entry: Mapping[str, Any], index: int, path: Path) -> Reference:
    try:
        sentences = tuple(
            [
                Sentence(
                    sentence["sent"], int(sentence["sent_id"]), sentence.get("kind"), _mentions(sentence)
                )
                for sentence in entry["sentences"]
            ]
        )
        ann_id = entry["ann_id"]  # a number, or a list, in which -1 stands for no target
        ann_ids = ann_id if isinstance(ann_id, list | tuple) else [ann_id]
        targets = tuple([int(one) for one in ann_ids if one is not None and one != -1])
        return Reference(
            int(entry["ref_id"]), int(entry["image_id"]), targets, sys.intern(entry["split"]), sentences
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        name = entry.get("ref_id", f"number {index} of the file")
        raise DatasetError(f"{path}, reference {name}: {type(error).__name__} {error}") from error


def _mentions(sentence: Mapping[str, Any]) -> tuple[tuple[int, ...], ...] | None:
    told = sentence.get("mentions")
    return None if told is None else tuple([tuple([int(one) for one in role]) for role in told])


def load_instances(
    path: Path, wanted: set[int]
) -> tuple[dict[int, ImageInfo], dict[int, Annotation], dict[int, str]]:
    """Pictures in `wanted`, their objects, and all category names."""
    raw = load_json(path)
    images: dict[int, ImageInfo] = {}
    annotations: dict[int, Annotation] = {}
    section, entry = "top level", {}
    try:
        categories = {int(entry["id"]): str(entry["name"]) for entry in raw["categories"]}
        section = "images"
        for entry in raw["images"]:
            if entry["id"] in wanted:
                images[entry["id"]] = ImageInfo(
                    int(entry["id"]), entry["file_name"], int(entry["width"]), int(entry["height"])
                )
        section = "annotations"
        for entry in raw["annotations"]:
            if entry["image_id"] in wanted:
                annotations[entry["id"]] = _parse_annotation(entry)
    except (KeyError, TypeError, ValueError) as error:
        name = entry.get("id", "without id") if isinstance(entry, dict) else repr(entry)
        raise DatasetError(f"{path}, {section}, entry {name}: {type(error).__name__} {error}") from error
    return images, annotations, categories


def _parse_annotation(entry: Mapping[str, Any]) -> Annotation:
    x, y, width, height = (float(number) for number in entry["bbox"])
    return Annotation(
        int(entry["id"]), int(entry["image_id"]), int(entry["category_id"]), (x, y, width, height),
        entry["segmentation"], bool(entry.get("iscrowd", 0)), entry.get("attributes") or {},
    )  # fmt: skip


def check_references(
    references: Sequence[Reference],
    images: Mapping[int, ImageInfo],
    annotations: Mapping[int, Annotation],
    refs_path: Path,
    instances_path: Path,
) -> None:
    """Every picture and object that a reference names exists; else the two files are of different sets."""
    for reference in references:
        where = f"{refs_path}, reference {reference.ref_id}"
        if reference.image_id not in images:
            raise DatasetError(f"{where}: picture {reference.image_id} is not in {instances_path}")
        for ann_id in reference.ann_ids:
            annotation = annotations.get(ann_id)
            if annotation is None or annotation.image_id != reference.image_id:
                raise DatasetError(
                    f"{where}: object {ann_id} is not among those of picture {reference.image_id} "
                    f"in {instances_path}"
                )
