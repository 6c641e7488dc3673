"""A split of a set in the REFER layout, as its files have it: references, objects and pictures by number."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DatasetError
from .masks import decode_segmentation
from .picture import decode_rgb
from .sample import Sentence


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

    @property
    def target_count(self) -> int:
        """How many objects are meant."""
        return len(self.ann_ids)


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
        pixels = decode_rgb(path.read_bytes(), path)
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
