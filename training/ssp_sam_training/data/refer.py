"""Referring-expression sets in the REFER layout: RefCOCO, RefCOCO+, RefCOCOg, ReferIt (refclef), gRefCOCO.

- ``root/<dataset>/refs(<by>).p``: the expressions (gRefCOCO: ``grefs(<by>).json`` or ``.p``)
- ``root/<dataset>/instances.json``: the objects, COCO style
- ``root/images/train2014/``: the pictures (ReferIt: ``images/saiapr_tc-12/``)
"""

from __future__ import annotations

import gc
import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .masks import decode_segmentation
from .plain_pickle import load_plain_pickle
from .published_counts import ALL, Counts, difference_from_published

log = logging.getLogger(__name__)

_COCO_IMAGES = ("images/train2014", "images/mscoco/images/train2014", "train2014")


class _Layout(NamedTuple):
    refs_name: str
    split_by: tuple[str, ...]  # the first is the default
    image_folders: tuple[str, ...]  # relative to the root, the first that exists is used


_LAYOUTS: Mapping[str, _Layout] = {
    "refcoco": _Layout("refs", ("unc", "google"), _COCO_IMAGES),
    "refcoco+": _Layout("refs", ("unc",), _COCO_IMAGES),
    "refcocog": _Layout("refs", ("umd", "google"), _COCO_IMAGES),
    "refclef": _Layout(
        "refs", ("berkeley", "unc"), ("images/saiapr_tc-12", "images/saiaprtc12", "saiapr_tc-12")
    ),
    "grefcoco": _Layout("grefs", ("unc",), _COCO_IMAGES),
}


class DatasetError(ValueError):
    """A dataset file does not hold what its format says; the text names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One expression. `kind` is the kind of sentence where the set says it (the simulated tabletop does)."""

    text: str
    sent_id: int
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """What a group of sentences refers to in one picture: no object, one, or several."""

    ref_id: int
    image_id: int
    ann_ids: tuple[int, ...]
    split: str
    sentences: tuple[Sentence, ...]

    @property
    def no_target(self) -> bool:
        """Whether the sentences mean nothing in the picture."""
        return not self.ann_ids


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """One picture; sizes in pixels."""

    id: int
    file_name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """One object: `bbox` is (x, y, width, height) in pixels, `segmentation` as in COCO files."""

    id: int
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    segmentation: Any
    iscrowd: bool
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReferDataset:
    """One split. `images` and `annotations` hold those of the split's pictures only."""

    name: str
    split: str
    split_by: str
    references: list[Reference]
    images: dict[int, ImageInfo]
    annotations: dict[int, Annotation]
    categories: dict[int, str]
    image_folder: Path

    def __len__(self) -> int:
        return len(self.references)

    @property
    def sentence_count(self) -> int:
        """Number of sentences of all references."""
        return sum(len(reference.sentences) for reference in self.references)

    def references_by_image(self) -> dict[int, list[Reference]]:
        """References grouped by picture, in the order of the file."""
        groups: dict[int, list[Reference]] = {}
        for reference in self.references:
            groups.setdefault(reference.image_id, []).append(reference)
        return groups

    def image_path(self, image_id: int) -> Path:
        """Where the picture's file belongs (it need not exist)."""
        return self.image_folder / self.images[image_id].file_name

    def load_image(self, image_id: int) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 RGB, as stored: masks refer to the file's own rows, so no EXIF rotation.

        Raises:
            FileNotFoundError: the picture is not there.
            DatasetError: it cannot be decoded or is of another size than instances.json says.
        """
        info, path = self.images[image_id], self.image_path(image_id)
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is missing: put the pictures of {self.name} there, or say where they are"
            )
        try:
            with Image.open(path) as picture:
                pixels = np.array(picture.convert("RGB"))
        except (OSError, SyntaxError) as error:  # PIL reports a damaged PNG as a SyntaxError
            raise DatasetError(f"{path} cannot be decoded ({error}); fetch it again") from error
        if pixels.shape[:2] != (info.height, info.width):
            raise DatasetError(
                f"{path} is {pixels.shape[1]}x{pixels.shape[0]} pixels, instances.json says "
                f"{info.width}x{info.height}: the picture was resized or belongs to another set"
            )
        return pixels

    def annotation_mask(self, ann_id: int) -> NDArray[np.bool_]:
        """(height, width) bool mask of one object."""
        annotation = self.annotations[ann_id]
        info = self.images[annotation.image_id]
        try:
            return decode_segmentation(annotation.segmentation, info.height, info.width)
        except ValueError as error:
            raise DatasetError(f"{self.name}, annotation {ann_id}: {error}") from error

    def mask(self, reference: Reference) -> NDArray[np.bool_]:
        """(height, width) bool: union of all targets, crowd annotations left out; empty without a target."""
        info = self.images[reference.image_id]
        merged = np.zeros((info.height, info.width), np.bool_)
        for ann_id in reference.ann_ids:
            if not self.annotations[ann_id].iscrowd:
                merged |= self.annotation_mask(ann_id)
        return merged

    def box(self, reference: Reference) -> NDArray[np.float64]:
        """(4,) float (x1, y1, x2, y2) in pixels: the union of all targets' boxes; zeros without a target."""
        if reference.no_target:
            return np.zeros(4)
        boxes = np.array([self.annotations[ann_id].bbox for ann_id in reference.ann_ids])
        return np.concatenate([boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)])


def dataset_names() -> tuple[str, ...]:
    """Names that `load_refer` knows."""
    return tuple(_LAYOUTS)


def load_refer(
    root: str | Path,
    dataset: str = "grefcoco",
    split: str = "train",
    split_by: str | None = None,
    *,
    image_folder: str | Path | None = None,
    check_counts: bool = True,
) -> ReferDataset:
    """Read one split of a set in the REFER layout.

    Args:
        root: folder that holds ``<dataset>/`` and ``images/``.
        dataset: one of `dataset_names()`; any set written in that layout will do.
        split: "train", "val", "testA", ... as the file names them.
        split_by: who made the split ("unc", "umd", "google", "berkeley"); None is the usual one of the set.
        image_folder: where the pictures are, if not under `root` in one of the usual folders.
        check_counts: log one warning line when the set's size is not the published one.

    Raises:
        FileNotFoundError: a file is missing (the text names it).
        DatasetError: a file does not hold what the format says.
        ValueError: unknown dataset or split.
    """
    layout = _LAYOUTS.get(dataset)
    if layout is None:
        raise ValueError(f"unknown dataset {dataset!r}; known: {', '.join(_LAYOUTS)}")
    with _garbage_collection_paused():
        return _load(Path(root), layout, dataset, split, split_by, image_folder, check_counts)


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Millions of small objects are made and all are kept; looking for cycles among them doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _load(
    root: Path,
    layout: _Layout,
    dataset: str,
    split: str,
    split_by: str | None,
    image_folder: str | Path | None,
    check_counts: bool,
) -> ReferDataset:
    split_by = split_by or layout.split_by[0]
    folder = root / dataset
    refs_path = _find_refs(folder, layout.refs_name, split_by)
    references = _load_references(refs_path)
    if check_counts:
        _warn_of_other_counts(dataset, split_by, ALL, references, refs_path)
    splits = sorted({reference.split for reference in references})
    references = [reference for reference in references if reference.split == split]
    if not references:
        raise ValueError(f"{refs_path} has no split {split!r}; it has: {', '.join(splits) or 'none'}")
    if check_counts:
        _warn_of_other_counts(dataset, split_by, split, references, refs_path)

    instances_path = folder / "instances.json"
    wanted = {reference.image_id for reference in references}
    images, annotations, categories = _load_instances(instances_path, wanted)
    _check_references(references, images, annotations, refs_path, instances_path)
    return ReferDataset(
        dataset, split, split_by, references, images, annotations, categories,
        Path(image_folder) if image_folder is not None else _find_images(root, layout),
    )  # fmt: skip


def _find_refs(folder: Path, refs_name: str, split_by: str) -> Path:
    for suffix in (".json", ".p"):
        path = folder / f"{refs_name}({split_by}){suffix}"
        if path.is_file():
            return path
    present = sorted(path.name for path in folder.glob(f"{refs_name}(*")) if folder.is_dir() else []
    raise FileNotFoundError(
        f"{folder / f'{refs_name}({split_by})'}.json or .p is missing"
        + (f"; there are: {', '.join(present)}" if present else "; put the set's files there")
    )


def _find_images(root: Path, layout: _Layout) -> Path:
    folders = [root / folder for folder in layout.image_folders]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def _load_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; put the set's files there") from None
    except ValueError as error:
        raise DatasetError(f"{path} is not whole JSON ({error}); fetch it again") from error


def _load_references(path: Path) -> list[Reference]:
    entries = _load_json(path) if path.suffix == ".json" else load_plain_pickle(path)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DatasetError(f"{path} is not a list of references")
    return [_parse_reference(entry, index, path) for index, entry in enumerate(entries)]


def _parse_reference(entry: Mapping[str, Any], index: int, path: Path) -> Reference:
    try:
        sentences = tuple(
            [
                Sentence(sentence["sent"], int(sentence["sent_id"]), sentence.get("kind"))
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


def _load_instances(
    path: Path, wanted: set[int]
) -> tuple[dict[int, ImageInfo], dict[int, Annotation], dict[int, str]]:
    """Pictures in `wanted`, their objects, and all category names."""
    raw = _load_json(path)
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


def _check_references(
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


def _warn_of_other_counts(
    dataset: str, split_by: str, split: str, references: Sequence[Reference], path: Path
) -> None:
    sentences = [0, 0, 0]  # with no target, one, several
    for reference in references:
        sentences[min(len(reference.ann_ids), 2)] += len(reference.sentences)
    counted = Counts(len(references), sum(sentences), sentences[2], sentences[0])
    line = difference_from_published(dataset, split_by, split, counted)
    if line:
        log.warning("%s: %s", path, line)
