"""Referring-expression sets in the REFER layout: RefCOCO, RefCOCO+, RefCOCOg, ReferIt (refclef), gRefCOCO.

- ``root/<dataset>/refs(<by>).p``: the expressions (gRefCOCO: ``grefs(<by>).json`` or ``.p``)
- ``root/<dataset>/instances.json``: the objects, COCO style
- ``root/images/train2014/``: the pictures (ReferIt: ``images/saiapr_tc-12/``)
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .folders import find_folder, first_existing
from .picture import COCO, SAIAPR, Picture
from .published_counts import ALL, count_sentences, difference_from_published
from .refer_files import check_references, load_instances, load_references
from .refer_set import Annotation, ImageInfo, ReferDataset, Reference
from .sample import Dataset, Sample, Sentence, Target
from .shapes import CocoShape

__all__ = [
    "Annotation",
    "ImageInfo",
    "ReferDataset",
    "Reference",
    "Sentence",
    "as_dataset",
    "load_refer",
    "refer_names",
]

log = logging.getLogger(__name__)


class _Layout(NamedTuple):
    refs_name: str
    splits: Mapping[str, tuple[str, ...]]  # by who made them, the first is the default; as published
    source: str  # the collection of its pictures


_UNC = ("train", "val", "testA", "testB")
_TVT = ("train", "val", "test")

_LAYOUTS: Mapping[str, _Layout] = {
    "refcoco": _Layout("refs", {"unc": _UNC, "google": _TVT}, COCO),
    "refcoco+": _Layout("refs", {"unc": _UNC}, COCO),
    "refcocog": _Layout("refs", {"umd": _TVT, "google": ("train", "val")}, COCO),
    "refclef": _Layout("refs", {"berkeley": _TVT, "unc": (*_UNC, "testC")}, SAIAPR),
    "grefcoco": _Layout("grefs", {"unc": _UNC}, COCO),
}


def refer_names() -> tuple[str, ...]:
    """Names that `load_refer` knows."""
    return tuple(_LAYOUTS)


def refer_splits(dataset: str) -> Mapping[str, tuple[str, ...]]:
    """The published splits by who made them, the usual maker first."""
    return _LAYOUTS[dataset].splits


def refer_files(root: Path, dataset: str, split_by: str) -> list[Path]:
    """The set's two files; the first one that is there where it may have several endings."""
    folder, name = root / dataset, f"{_LAYOUTS[dataset].refs_name}({split_by})"
    endings = (".json", ".p") if dataset == "grefcoco" else (".p", ".json")
    return [first_existing([folder / (name + ending) for ending in endings]), folder / "instances.json"]


def splits_in_file(root: Path, dataset: str, split_by: str) -> tuple[str, ...]:
    """The splits of the references' file, the published ones first; as published where there is no file.

    Raises:
        DatasetError: the file does not hold what the format says.
    """
    published, path = refer_splits(dataset)[split_by], refer_files(root, dataset, split_by)[0]
    if not path.is_file():
        return published
    present = {reference.split for reference in load_references(path)}
    return (*(split for split in published if split in present), *sorted(present - set(published)))


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
        dataset: one of `refer_names()`; any set written in that layout will do.
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
    split_by = split_by or next(iter(layout.splits))
    folder = root / dataset
    refs_path = _find_refs(folder, layout.refs_name, split_by)
    references = load_references(refs_path)
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
    images, annotations, categories = load_instances(instances_path, wanted)
    check_references(references, images, annotations, refs_path, instances_path)
    return ReferDataset(
        dataset, split, split_by, references, images, annotations, categories,
        Path(image_folder) if image_folder is not None else find_folder(root, layout.source),
    )  # fmt: skip


def as_dataset(refer: ReferDataset) -> Dataset:
    """The samples of a set in the REFER layout, one per reference."""
    source = _LAYOUTS[refer.name].source
    pictures = {
        info.id: Picture(source, info.id, refer.image_path(info.id), (info.height, info.width))
        for info in refer.images.values()
    }
    targets = {
        one.id: Target(
            one.id,
            one.bbox,
            CocoShape(one.segmentation),
            one.iscrowd,
            refer.categories.get(one.category_id, ""),
        )
        for one in refer.annotations.values()
    }
    samples = [
        Sample(
            refer.name,
            refer.split,
            pictures[reference.image_id],
            reference.ref_id,
            reference.sentences,
            tuple([targets[ann_id] for ann_id in reference.ann_ids]),
        )
        for reference in refer.references
    ]
    return Dataset(refer.name, refer.split, refer.split_by, samples)


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


def _warn_of_other_counts(
    dataset: str, split_by: str, split: str, references: Sequence[Reference], path: Path
) -> None:
    line = difference_from_published(dataset, split_by, split, count_sentences(references))
    if line:
        log.warning("%s: %s", path, line)
