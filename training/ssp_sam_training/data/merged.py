"""The merged set of box pre-training: RefCOCO(+, g), ReferIt, Flickr30k Entities and Visual Genome.

As the paper has it (Section IV-B): the training data of all six, without the pictures of the validation and
test splits of RefCOCO, RefCOCO+ and RefCOCOg, which the other sets borrow from COCO as well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from .flickr30k import load_flickr30k
from .picture import Picture
from .refer import as_dataset, load_refer, refer_splits
from .sample import Dataset, Sample, sentence_words
from .visual_genome import load_visual_genome

NAME = "merged"
SPLITS = ("train", "val")
HELD_OUT = ("refcoco", "refcoco+", "refcocog")
PARTS = (*HELD_OUT, "refclef", "flickr30k", "visual_genome")


def merged_parts(name: str) -> tuple[str, ...]:
    """The parts that a name asks for: "merged" all, "merged:refcoco,flickr30k" those; raises ValueError."""
    _, separator, listed = name.partition(":")
    parts = tuple(listed.split(",")) if separator else PARTS
    if not set(parts) <= set(PARTS):
        raise ValueError(f"{name}: the merged set has no such part; it has: {', '.join(PARTS)}")
    return parts


def load_merged(root: Path, name: str, split: str) -> Dataset:
    """Read the merged set, or some parts of it ("merged:refcoco,refcoco+").

    "train" leaves the held-out pictures out (those of the sets of `HELD_OUT` that are among the parts or
    whose files are there); "val" is the parts' own validation splits (Visual Genome has none).

    Raises:
        FileNotFoundError, DatasetError: as `load_dataset`.
        ValueError: unknown part or split.
    """
    if split not in SPLITS:
        raise ValueError(f"{NAME} has no split {split!r}; it has: {', '.join(SPLITS)}")
    parts = merged_parts(name)
    held_out = held_out_pictures(root, parts) if split == "train" else set()

    def keep(picture: Picture) -> bool:
        return picture.identity not in held_out

    loaded = [_load(root, part, split, keep) for part in parts if split in _splits(part)]
    return Dataset(name, split, "", JoinedSamples(loaded))


def held_out_pictures(root: Path, parts: Sequence[str]) -> set[str]:
    """Identities of the pictures in validation and test splits of RefCOCO, RefCOCO+ and RefCOCOg (umd)."""
    found: set[str] = set()
    for name in HELD_OUT:
        if name in parts or (root / name).is_dir():
            for split in next(iter(refer_splits(name).values())):
                if split != "train":
                    found.update(p.identity for p in _refer(root, name, split).pictures())
    return found


def _splits(part: str) -> tuple[str, ...]:
    return ("train",) if part == "visual_genome" else SPLITS


def _load(root: Path, part: str, split: str, keep: Callable[[Picture], bool]) -> Sequence[Sample]:
    if part == "visual_genome":
        return load_visual_genome(root, split, keep=keep).samples
    dataset = load_flickr30k(root, split) if part == "flickr30k" else _refer(root, part, split)
    return [sample for sample in dataset if keep(sample.picture)]


def _refer(root: Path, name: str, split: str) -> Dataset:
    return as_dataset(load_refer(root, name, split))


class JoinedSamples(Sequence[Sample]):
    """Several sequences of samples as one."""

    def __init__(self, parts: Sequence[Sequence[Sample]]) -> None:
        self.parts = list(parts)
        self._ends = list(accumulate(len(part) for part in self.parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...

    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        """The sample at `index`, or those of a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        part = bisect_right(self._ends, index)
        return self.parts[part][index - (self._ends[part - 1] if part else 0)]

    def sentence_words(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As `sample.sentence_words`."""
        rows, words = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for part, end in zip(self.parts, self._ends, strict=True):
            of_part, counts = sentence_words(part)
            rows.append(of_part + end - len(part))
            words.append(counts)
        return np.concatenate(rows), np.concatenate(words)

    def pictures(self) -> list[Picture]:
        """Every picture once, in order of first appearance."""
        whole = (Dataset("", "", "", part).pictures() for part in self.parts)
        return list(dict.fromkeys(picture for pictures in whole for picture in pictures))
