"""The annotations that the SSP-SAM authors prepared: ``anns/<set>.json`` and ``.npy`` masks.

``{split: [{iid, bbox, cat_id, refs, mask_id}]}``. Boxes are xywh, but corners (xyxy) in grefcoco, merge and
phrase_cut, as the authors' own loader takes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DatasetError
from .folders import coco_name, find_folder, first_existing
from .json_file import load_json, reading
from .picture import COCO, FLICKR30K, SAIAPR, VISUAL_GENOME, Picture
from .sample import Dataset, Sample, Sentence, Target
from .shapes import MaskFile, Shape

PREFIX = "prepared:"

_SOURCES = {"coco": COCO, "flickr": FLICKR30K, "vg": VISUAL_GENOME}  # merge: data_source; all else is ReferIt


@dataclass(frozen=True)
class _Prepared:
    splits: tuple[str, ...]
    source: str | None  # the collection of the pictures; None: each entry says it
    corners: bool = False  # boxes are x1, y1, x2, y2
    masks: str | None = ""  # folder below masks/, "" the set's name, None: boxes only


_SETS: Mapping[str, _Prepared] = {
    "refcoco": _Prepared(("train", "val", "testA", "testB"), COCO),
    "refcoco+": _Prepared(("train", "val", "testA", "testB"), COCO),
    "refcocog_google": _Prepared(("train", "val"), COCO),
    "refcocog_umd": _Prepared(("train", "val", "test"), COCO),
    "refclef": _Prepared(("train", "val", "test"), SAIAPR),
    "grefcoco": _Prepared(("train", "val", "testA", "testB"), COCO, corners=True),
    "phrase_cut": _Prepared(("test",), VISUAL_GENOME, corners=True, masks="phrase_cut_mask"),
    "merge": _Prepared(("train", "val"), None, corners=True, masks=None),
}


def prepared_names() -> tuple[str, ...]:
    """Names of the sets, with the prefix."""
    return tuple(PREFIX + name for name in _SETS)


def prepared_splits(name: str) -> tuple[str, ...]:
    """The splits of a set, `name` with its prefix."""
    return _SETS[name.removeprefix(PREFIX)].splits


def prepared_files(root: Path, name: str) -> list[Path]:
    """The annotations, and the folder of the masks where the set has them; `name` with its prefix."""
    bare = name.removeprefix(PREFIX)
    kind, folder = _SETS[bare], root / "anns"
    annotations = first_existing([folder / f"{bare}.json", folder / bare / f"{bare}.json"])
    return [annotations] + ([] if kind.masks is None else [root / "masks" / (kind.masks or bare)])


def load_prepared(root: Path, name: str, split: str, image_folder: Path | None = None) -> Dataset:
    """Read one split of `name` ("prepared:refcoco", ...).

    Sentences of one target that follow each other are one sample: the authors list the sentences of their
    validation and test splits one by one.

    Raises:
        FileNotFoundError, DatasetError: as `load_dataset`.
        ValueError: there is no such split.
    """
    bare = name.removeprefix(PREFIX)
    kind, (path, *masks) = _SETS[bare], prepared_files(root, name)
    content = load_json(path)
    if not isinstance(content, dict):
        raise DatasetError(f"{path} is not an object of splits")
    if split not in content:
        raise ValueError(f"{path} has no split {split!r}; it has: {', '.join(content) or 'none'}")
    sources = [source for source in (COCO, SAIAPR, FLICKR30K, VISUAL_GENOME)]
    folders = {source: image_folder or find_folder(root, source) for source in sources}
    pictures: dict[tuple[Any, ...], Picture] = {}
    samples: list[Sample] = []
    last: object = None
    sent_id = 0
    for number, entry in enumerate(content[split]):
        with reading(path, f"split {split}, entry {number}"):
            picture = _picture(entry, kind, folders, pictures)
            sentences = tuple(Sentence(str(text), sent_id + i) for i, text in enumerate(entry["refs"]))
            sent_id += len(sentences)
            group = (picture, entry.get("mask_id", number), tuple(entry["bbox"]))
            if group == last:
                sentences = samples.pop().sentences + sentences
            last = group
            targets = _targets(entry, kind, masks)
            ref_id = entry.get("task_id", entry.get("mask_id", number))
            samples.append(Sample(name, split, picture, ref_id, sentences, targets))
    return Dataset(name, split, "", samples)


def _targets(entry: Mapping[str, Any], kind: _Prepared, masks: list[Path]) -> tuple[Target, ...]:
    x, y, width, height = (float(number) for number in np.ravel(entry["bbox"]))
    if (x, y, width, height) == (0, 0, 0, 0):  # gRefCOCO's sentences without a target
        return ()
    if kind.corners:
        width, height = width - x, height - y
    shape: Shape | None = MaskFile(masks[0] / f"{entry['mask_id']}.npy") if masks else None
    categories = entry.get("cat_id")
    count = len(categories) if isinstance(categories, list) else 1  # grefcoco's list has one per object
    return (Target(entry.get("mask_id", 0), (x, y, width, height), shape, count=max(1, count)),)


def _picture(
    entry: Mapping[str, Any],
    kind: _Prepared,
    folders: Mapping[str, Path],
    pictures: dict[tuple[Any, ...], Picture],
) -> Picture:
    """The entry's picture, the same object for the same picture."""
    source = kind.source or _SOURCES.get(entry["data_source"], SAIAPR)
    known = (source, entry["iid"], entry.get("img_folder"))
    if known not in pictures:
        name = str(entry["iid"])  # a number, or a file's name in merge
        number = Path(name).stem
        if source == COCO:
            place = coco_name(int(number.removeprefix("COCO_train2014_")))
        else:
            place = name if Path(name).suffix else f"{name}.jpg"
        path = folders[source] / (entry.get("img_folder") or "") / place
        bare = number.removeprefix("COCO_train2014_")
        pictures[known] = Picture(source, int(bare) if bare.isdecimal() else bare, path)
    return pictures[known]
