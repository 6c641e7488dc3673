"""What every reader hands out: samples (a picture, what is meant in it, the sentences that mean it)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from .errors import DatasetError
from .picture import Picture
from .shapes import Shape

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One expression, and what a set may say of it; the simulated ones do.

    kind: the kind of sentence.
    mentions: the objects that it speaks of on the way to its targets, for each of
        `ssp_sam_ros.network.mentions.ROLES`.
    """

    text: str
    sent_id: int
    kind: str | None = None
    mentions: tuple[tuple[int, ...], ...] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is meant.

    Attributes:
        id: its number in the set.
        box: (x, y, width, height) in pixels of the picture.
        shape: gives its mask; None in sets that have boxes only.
        crowd: a COCO crowd: it counts for the box, not for the mask.
        category: its name, "" where the set has none.
        count: how many objects are merged in it, where the set says so (the prepared gRefCOCO does).
    """

    id: int | str
    box: Box
    shape: Shape | None = None
    crowd: bool = False
    category: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Sample:
    """What a group of sentences means in one picture: no target, one, or several.

    Training takes one of the sentences at random (box pre-training: each), evaluation every one.
    `ref_id` is the set's own number of the group, `split` the split it belongs to.
    """

    dataset: str
    split: str
    picture: Picture
    ref_id: int | str
    sentences: tuple[Sentence, ...]
    targets: tuple[Target, ...]

    @property
    def image_id(self) -> int | str:
        """The picture's number in its collection."""
        return self.picture.id

    @property
    def no_target(self) -> bool:
        """Whether the sentences mean nothing in the picture."""
        return not self.targets

    @property
    def target_count(self) -> int:
        """How many objects are meant."""
        return sum(target.count for target in self.targets)

    @property
    def has_mask(self) -> bool:
        """Whether there is a mask to learn from; sets for box pre-training have none."""
        return all(target.shape is not None for target in self.targets)

    @property
    def boxes(self) -> NDArray[np.float64]:
        """(n, 4) float64 (x, y, width, height) in pixels, one row per target."""
        return np.array([target.box for target in self.targets], np.float64).reshape(-1, 4)

    @property
    def box(self) -> NDArray[np.float64]:
        """(4,) float64 (x1, y1, x2, y2) in pixels: union of all targets' boxes, zeros without a target."""
        if self.no_target:
            return np.zeros(4)
        boxes = self.boxes
        return np.concatenate([boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)])

    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB; see `Picture.load`."""
        return self.picture.load()

    def masks(self) -> NDArray[np.bool_]:
        """(n, H, W) bool, one per target that is no crowd, at the picture's own size.

        Raises:
            FileNotFoundError: a mask file is missing.
            DatasetError: a segmentation is not what its format says, or there is none.
        """
        height, width = self.picture.size
        masks = [self._mask_of(target, height, width) for target in self.targets if not target.crowd]
        return np.array(masks, np.bool_).reshape(-1, height, width)

    def mask(self) -> NDArray[np.bool_]:
        """(H, W) bool: the union of `masks`; all False without a target."""
        return np.asarray(self.masks().any(axis=0), np.bool_)

    def _mask_of(self, target: Target, height: int, width: int) -> NDArray[np.bool_]:
        where = f"{self.dataset}, reference {self.ref_id}, target {target.id}"
        if target.shape is None:
            raise DatasetError(f"{where}: this set has boxes only, no masks; it is for box pre-training")
        try:
            return target.shape.mask(height, width)
        except DatasetError:
            raise  # it names its file
        except ValueError as error:
            raise DatasetError(f"{where}: {error}") from error


@dataclass(frozen=True)
class Dataset(Sequence[Sample]):
    """One split of a set. `samples` may be made on demand, as Visual Genome's millions are."""

    name: str
    split: str
    split_by: str
    samples: Sequence[Sample]

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...

    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        """The sample at `index`, or the samples of a slice."""
        return self.samples[index]

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    @property
    def sentence_count(self) -> int:
        """Number of sentences of all samples."""
        return len(self.items())

    def items(self, longest: int | None = None) -> NDArray[np.int64]:
        """(S, 2) int64: (index of the sample, index of the sentence in it) of every sentence, in order.

        longest: sentences of more words (separated by single spaces) are left out.
        """
        rows, words = sentence_words(self.samples)
        counts = np.bincount(rows, minlength=len(self)) if len(rows) else np.zeros(len(self), np.int64)
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        items = np.stack([rows, np.arange(len(rows)) - starts], axis=1).astype(np.int64)
        return items if longest is None else items[words <= longest]

    def pictures(self) -> list[Picture]:
        """Every picture once, in the order of first appearance."""
        quick = getattr(self.samples, "pictures", None)  # tables know it without making their samples
        if quick is not None:
            return list(quick())
        return list(dict.fromkeys(sample.picture for sample in self.samples))

    def by_picture(self) -> dict[Picture, list[Sample]]:
        """The samples of each picture, in the order of the file."""
        groups: dict[Picture, list[Sample]] = {}
        for sample in self.samples:
            groups.setdefault(sample.picture, []).append(sample)
        return groups


def sentence_words(samples: Sequence[Sample]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every sentence, in order: the index of its sample and its number of words, both (S,) int64."""
    quick = getattr(samples, "sentence_words", None)  # tables know it without making their samples
    if quick is not None:
        return quick()
    pairs = [
        (index, len(sentence.text.split(" ")))
        for index, sample in enumerate(samples)
        for sentence in sample.sentences
    ]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
