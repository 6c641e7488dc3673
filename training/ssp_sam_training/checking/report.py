"""What is in a set: its files, counts against the published ones, pictures, targets, leaks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data import Dataset, DatasetError, Picture, load_dataset, published_splits, split_files, split_names
from ..data.published_counts import ALL, Counts, count, difference_from_published
from .leaks import Leak, find_leaks
from .pictures import BROKEN, MISSING, PictureProblem, check_pictures
from .targets import check_sample

TRAIN = "train"
_BY_OBJECTS = "this split was made by objects, not by pictures"
SHARES_PICTURES = {("refcocog", "google"): _BY_OBJECTS, ("refcoco", "google"): _BY_OBJECTS}
"""Sets whose published splits share pictures, and why."""


@dataclass
class SplitReport:
    """One split: sizes, how they differ from the published ones, what is wrong with its targets."""

    split: str
    counts: Counts
    difference: str | None = None
    pictures_missing: int = 0
    pictures_broken: int = 0
    target_problems: list[str] = field(default_factory=list)
    targets_checked: int = 0


@dataclass
class Report:
    """One set by one maker of splits. `missing` are files; `errors` what stopped a split from being read."""

    name: str
    split_by: str
    missing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    splits: list[SplitReport] = field(default_factory=list)
    picture_problems: list[PictureProblem] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    keys: dict[Picture, str] = field(default_factory=dict)

    @property
    def present(self) -> bool:
        """Whether any split could be read."""
        return bool(self.splits)

    @property
    def good(self) -> bool:
        """Whether it can be trained and tested on: nothing missing, broken, misshapen or leaking."""
        return not (
            self.missing
            or self.errors
            or self.picture_problems
            or self.leaks
            or any(split.target_problems for split in self.splits)
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        return {
            "name": self.name,
            "split_by": self.split_by,
            "good": self.good,
            "missing": self.missing,
            "errors": self.errors,
            "notes": self.notes,
            "splits": [dataclasses.asdict(split) for split in self.splits],
            "pictures": [{"kind": p.kind, "text": p.text} for p in self.picture_problems],
            "leaks": [dataclasses.asdict(leak) for leak in self.leaks],
        }


def check_set(
    name: str,
    root: Path,
    split_by: str = "",
    *,
    images: Path | None = None,
    decode: bool = True,
    masks: int | None = None,
    workers: int = 4,
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Check one set.

    Args:
        name, root, split_by: as `load_dataset`.
        images: the pictures' folder, if not in the usual place.
        decode: decode every picture; else its file is read and hashed only.
        masks: how many samples of a split to check, evenly spread; None: all.
        workers: threads that read pictures.
        progress: is told what is being done, how much of it is done, and of how much.
    """
    report = Report(name, split_by)
    splits = split_names(name, root, split_by)
    if absent := [split for split in published_splits(name, split_by) if split not in splits]:
        report.notes.append(f"the file has no split {', '.join(absent)}, the published set has")
    for split in splits:
        lacking = [str(path) for path in split_files(name, root, split, split_by) if not path.exists()]
        report.missing += [path for path in lacking if path not in report.missing]
        if lacking:
            continue
        try:
            dataset = load_dataset(name, root, split, split_by, image_folder=images, check_counts=False)
        except (DatasetError, OSError, ValueError) as error:
            report.errors.append(str(error))
            continue
        counts = count(dataset)
        difference = difference_from_published(name, split_by, split, counts)
        report.datasets.append(dataset)
        report.splits.append(SplitReport(split, counts, difference))
    if report.splits and (note := _whole(report)):
        report.notes.append(note)
    _check_pictures(report, decode, workers, progress)
    for split_report, dataset in zip(report.splits, report.datasets, strict=True):
        _check_targets(split_report, dataset, report.keys, masks, progress)
    train = {f"{name} {d.split}": d.pictures() for d in report.datasets if d.split == TRAIN}
    held_out = {f"{name} {d.split}": d.pictures() for d in report.datasets if d.split != TRAIN}
    report.leaks = find_leaks(train, held_out, report.keys)
    if report.leaks and (name, split_by) in SHARES_PICTURES:
        report.notes.append(
            f"{len(report.leaks)} pictures are in train and elsewhere: {SHARES_PICTURES[name, split_by]}"
        )
        report.leaks = []
    return report


def _whole(report: Report) -> str | None:
    """Where sizes are published for the whole set."""
    sums = {
        f.name: sum(getattr(split.counts, f.name) or 0 for split in report.splits)
        for f in dataclasses.fields(Counts)
        if f.name != "pictures"
    }
    return difference_from_published(report.name, report.split_by, ALL, Counts(**sums))


def _check_pictures(
    report: Report, decode: bool, workers: int, progress: Callable[[str, int, int], None] | None
) -> None:
    pictures = list(dict.fromkeys(p for dataset in report.datasets for p in dataset.pictures()))

    def told(done: int) -> None:
        if progress is not None:
            progress(f"{report.name}: pictures", done, len(pictures))

    report.keys, report.picture_problems = check_pictures(pictures, decode, workers, told)
    wrong = {problem.picture: problem.kind for problem in report.picture_problems}
    for split, dataset in zip(report.splits, report.datasets, strict=True):
        kinds = [wrong.get(picture) for picture in dataset.pictures()] if wrong else []
        split.pictures_missing, split.pictures_broken = kinds.count(MISSING), kinds.count(BROKEN)


def _check_targets(
    split: SplitReport,
    dataset: Dataset,
    readable: Mapping[Picture, str],
    limit: int | None,
    progress: Callable[[str, int, int], None] | None,
) -> None:
    total = len(dataset) if limit is None else min(limit, len(dataset))
    for number in range(total):
        sample = dataset[number * len(dataset) // total]
        if sample.picture.stated_size or sample.picture in readable:  # else its size is not known
            split.target_problems += check_sample(sample)
        if progress is not None:
            progress(f"{dataset.name} {dataset.split}: targets", number + 1, total)
    split.targets_checked = total
