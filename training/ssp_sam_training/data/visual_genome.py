"""Visual Genome's region descriptions, for box pre-training: a phrase and a box each, 5.4 million of them.

``visual_genome/region_descriptions.json`` and ``image_data.json``, in the forms of the official driver.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from .folders import VisualGenomeFolder, find_folder, first_existing
from .json_file import iterate_json_list, reading
from .picture import VISUAL_GENOME, Picture
from .sample import Dataset, Sample, Sentence, Target

NAME = "visual_genome"
SPLITS = ("train",)
_FOLDERS = ("visual_genome", "VisualGenome", "VG", "vg")


def visual_genome_files(root: Path, split: str = "train") -> list[Path]:
    """The two files."""
    folder = first_existing([root / name for name in _FOLDERS])
    return [folder / "region_descriptions.json", folder / "image_data.json"]


def load_visual_genome(
    root: Path,
    split: str = "train",
    image_folder: Path | None = None,
    keep: Callable[[Picture], bool] | None = None,
) -> Dataset:
    """Read all regions. Visual Genome has no splits: everything is "train".

    Args:
        keep: says which pictures to take; None: all.

    Raises:
        FileNotFoundError, DatasetError: as `load_dataset`.
        ValueError: another split is asked for.
    """
    if split not in SPLITS:
        raise ValueError(f"{NAME} has no split {split!r}: it is for training alone")
    regions_path, images_path = visual_genome_files(root)
    pictures = _pictures(images_path, VisualGenomeFolder(image_folder or find_folder(root, VISUAL_GENOME)))
    rows: dict[int, int] = {}  # image id: row in `kept`
    kept: list[Picture] = []
    for image_id, picture in pictures.items():
        if keep is None or keep(picture):
            rows[image_id] = len(kept)
            kept.append(picture)
    of_picture, ids, boxes, ends = array("i"), array("q"), array("f"), array("q")
    phrases = bytearray()
    for number, entry in enumerate(iterate_json_list(regions_path)):
        with reading(regions_path, f"picture number {number}"):
            image_id = int(entry["id"] if "id" in entry else entry["image_id"])
            if image_id not in pictures:
                raise ValueError(f"picture {image_id} is not in {images_path.name}")
            if image_id not in rows:
                continue
            for region in entry["regions"]:
                of_picture.append(rows[image_id])
                ids.append(int(region["region_id"] if "region_id" in region else region["id"]))
                boxes.extend(float(region[side]) for side in ("x", "y", "width", "height"))
                phrases += str(region["phrase"]).strip().encode()
                ends.append(len(phrases))
    table = RegionTable(
        kept,
        np.array(of_picture, np.int32),
        np.array(ids, np.int64),
        np.array(boxes, np.float32).reshape(-1, 4),
        bytes(phrases),
        np.array(ends, np.int64),
    )
    return Dataset(NAME, split, "", table)


class RegionTable(Sequence[Sample]):
    """Regions as arrays; a region becomes a sample when it is asked for (objects would fill the memory)."""

    def __init__(
        self,
        pictures: list[Picture],
        of_picture: NDArray[np.int32],
        ids: NDArray[np.int64],
        boxes: NDArray[np.float32],
        phrases: bytes,
        ends: NDArray[np.int64],
    ) -> None:
        """of_picture: (N,) index into `pictures`; boxes: (N, 4) xywh; ends: (N,) where each phrase ends."""
        self._pictures, self._of_picture, self._ids = pictures, of_picture, ids
        self._boxes, self._phrases, self._ends = boxes, phrases, ends

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...

    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        """The sample of a region, or those of a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]  # negative ones, and IndexError
        number = int(self._ids[index])
        x, y, width, height = self._boxes[index].tolist()
        return Sample(
            NAME,
            "train",
            self._pictures[self._of_picture[index]],
            number,
            (Sentence(self._phrase(index).decode(), number),),
            (Target(number, (x, y, width, height)),),
        )

    def sentence_words(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As `sample.sentence_words`, without making the samples."""
        words = [self._phrase(index).count(b" ") + 1 for index in range(len(self))]
        return np.arange(len(self)), np.array(words, np.int64)

    def pictures(self) -> list[Picture]:
        """Every picture that has a region, in order of first appearance."""
        rows, first = np.unique(self._of_picture, return_index=True)
        return [self._pictures[row] for row in rows[np.argsort(first)]]

    def _phrase(self, index: int) -> bytes:
        return self._phrases[self._ends[index - 1] if index else 0 : self._ends[index]]


def _pictures(path: Path, folder: VisualGenomeFolder) -> dict[int, Picture]:
    pictures = {}
    for number, entry in enumerate(iterate_json_list(path)):
        with reading(path, f"picture number {number}"):
            image_id = int(entry["id"] if "id" in entry else entry["image_id"])
            size = (int(entry["height"]), int(entry["width"]))
            where = folder.path(image_id, entry.get("url") or "")
            pictures[image_id] = Picture(VISUAL_GENOME, image_id, where, size, entry.get("coco_id"))
    return pictures
