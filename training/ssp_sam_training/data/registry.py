"""Every set by its name: how it is read, which splits it has, which files it needs."""

from __future__ import annotations

from pathlib import Path

from . import custom, flickr30k, merged, phrasecut, visual_genome
from .custom import custom_files, custom_splits, load_custom
from .flickr30k import flickr30k_files, load_flickr30k
from .merged import load_merged
from .phrasecut import load_phrasecut, phrasecut_files, phrasecut_splits
from .prepared import load_prepared, prepared_files, prepared_names, prepared_splits
from .published_counts import warn_of_other_counts
from .refer import as_dataset, load_refer, refer_files, refer_names, refer_splits, splits_in_file
from .sample import Dataset
from .visual_genome import load_visual_genome, visual_genome_files


def dataset_names() -> tuple[str, ...]:
    """Names that `load_dataset` knows; "merged" and "custom" take a part or a folder after a colon."""
    others = (phrasecut.NAME, flickr30k.NAME, visual_genome.NAME, merged.NAME, custom.NAME)
    return (*refer_names(), *others, *prepared_names())


def split_makers(name: str) -> tuple[str, ...]:
    """Who made the splits of a set, the usual one first; ("",) where there is but one. Raises ValueError."""
    _known(name)
    return tuple(refer_splits(name)) if name in refer_names() else ("",)


def published_splits(name: str, split_by: str) -> tuple[str, ...]:
    """The splits that a set of several files per maker was published with; () for all others."""
    return refer_splits(name)[split_by] if name in refer_names() else ()


def split_names(name: str, root: str | Path, split_by: str | None = None) -> tuple[str, ...]:
    """The splits of a set: those in its file, or whose files are there; as published where there is none.

    Raises:
        ValueError: unknown set or maker of splits.
        FileNotFoundError, DatasetError: a custom set's file is missing, or a file is misshapen.
    """
    kind = _known(name)
    if name in refer_names():
        by = split_by or split_makers(name)[0]
        if by not in refer_splits(name):
            raise ValueError(f"{name} has no splits by {by!r}; it has: {', '.join(refer_splits(name))}")
        return splits_in_file(Path(root), name, by)
    if name in prepared_names():
        return prepared_splits(name)
    if kind == custom.NAME:
        return custom_splits(custom_root(name, Path(root)))
    return {
        phrasecut.NAME: phrasecut_splits(Path(root)),
        flickr30k.NAME: flickr30k.SPLITS,
        visual_genome.NAME: visual_genome.SPLITS,
        merged.NAME: merged.SPLITS,
    }[kind]


def split_files(name: str, root: str | Path, split: str, split_by: str | None = None) -> list[Path]:
    """Files and folders that a split needs beside its pictures; raises ValueError for an unknown set."""
    kind, root = _known(name), Path(root)
    if name in refer_names():
        return refer_files(root, name, split_by or split_makers(name)[0])
    if name in prepared_names():
        return prepared_files(root, name)
    if kind == phrasecut.NAME:
        return [path for part in split.split("_") for path in phrasecut_files(root, part)]
    if kind == flickr30k.NAME:
        return flickr30k_files(root, split)
    if kind == visual_genome.NAME:
        return visual_genome_files(root)
    if kind == custom.NAME:
        return custom_files(custom_root(name, root))
    parts = [part for part in merged.merged_parts(name) if part != visual_genome.NAME or split == "train"]
    return [path for part in parts for path in split_files(part, root, split)]


def custom_root(name: str, root: Path) -> Path:
    """Folder of a custom set: the root itself, or "custom:FOLDER" below it."""
    return root / name.partition(":")[2]


def load_dataset(
    name: str,
    root: str | Path,
    split: str,
    split_by: str | None = None,
    *,
    image_folder: str | Path | None = None,
    check_counts: bool = True,
) -> Dataset:
    """Read one split of a set.

    Args:
        name: one of `dataset_names()`; "merged:refcoco,flickr30k" are these parts of the merged set,
            "custom:FOLDER" is a custom set below the root.
        root: folder with the sets' files and pictures (docs/datasets.md has the tree of each).
        split: "train", "val", "test", "testA", ...
        split_by: who made the split, where there are several ("unc", "umd", "google", "berkeley"); None is
            the usual one.
        image_folder: where the pictures are, if not in one of the usual folders under `root`.
        check_counts: log one warning line when the set's size is not the published one.

    Raises:
        FileNotFoundError: a file is missing (the text names it).
        DatasetError: a file does not hold what its format says.
        ValueError: unknown set or split.
    """
    kind, root = _known(name), Path(root)
    images = None if image_folder is None else Path(image_folder)
    if name in refer_names():
        return as_dataset(
            load_refer(root, name, split, split_by, image_folder=images, check_counts=check_counts)
        )
    if split_by and split_by not in split_makers(name):
        raise ValueError(f"{name} has one kind of splits only: leave {split_by!r} out")
    if kind == merged.NAME:
        if images is not None:
            raise ValueError(f"{name} has pictures of several sets: put each in its usual folder")
        return load_merged(root, name, split)
    if name in prepared_names():
        dataset = load_prepared(root, name, split, images)
    elif kind == phrasecut.NAME:
        dataset = load_phrasecut(root, split, images)
    elif kind == flickr30k.NAME:
        dataset = load_flickr30k(root, split, images)
    elif kind == visual_genome.NAME:
        dataset = load_visual_genome(root, split, images)
    else:
        dataset = load_custom(custom_root(name, root), split, images)
    if check_counts:
        warn_of_other_counts(name, "", split, dataset)
    return dataset


def _known(name: str) -> str:
    """The name without what follows the colon in "merged:..." and "custom:..."; raises ValueError."""
    kind = name if name in prepared_names() else name.partition(":")[0]
    if kind not in dataset_names():
        raise ValueError(f"unknown dataset {name!r}; known: {', '.join(dataset_names())}")
    return kind
