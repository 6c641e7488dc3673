"""Every set by its name."""

from __future__ import annotations

from pathlib import Path

from .refer import as_dataset, load_refer, refer_names
from .sample import Dataset


def dataset_names() -> tuple[str, ...]:
    """Names that `load_dataset` knows."""
    return refer_names()


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
        name: one of `dataset_names()`.
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
    return as_dataset(
        load_refer(root, name, split, split_by, image_folder=image_folder, check_counts=check_counts)
    )
