"""Labels per cell, from the annotations: object, colour and size of every cell, and soft truth masks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from ssp_sam_ros.perception.geometry import Geometry

from .data import ReferDataset
from .ranks import SIDES, VALUES, rank_kind, ranks

STRIDE = 8
CATEGORY, BACKGROUND = "category", 0
# Of a cell, so that it shows the object that covers most of it: a pen or a fork fills no cell by half.
LEAST_COVERED = 0.25
_RANKED = (CATEGORY, "colour")


@dataclass(frozen=True)
class DenseLabels:
    """The values of each label kind: `category` (0 is background) and the annotations' attributes.

    ranked: kinds whose objects' order is told as well, from each side (`ranks`), as kinds of their own; they
    come last in `values`.
    """

    values: dict[str, tuple[str, ...]]
    ranked: tuple[str, ...] = ()

    @staticmethod
    def of_dataset(dataset: ReferDataset, with_ranks: bool = False) -> DenseLabels:
        """Collect the kinds and their values, sorted, from a split's annotations."""
        found: dict[str, set[str]] = {}
        for annotation in dataset.annotations.values():
            for kind, value in annotation.attributes.items():
                if isinstance(value, str):
                    found.setdefault(kind, set()).add(value)
        names = ("", *(dataset.categories[i] for i in sorted(dataset.categories)))
        values = {CATEGORY: names, **{kind: tuple(sorted(found[kind])) for kind in sorted(found)}}
        ranked = tuple(kind for kind in _RANKED if kind in values) if with_ranks else ()
        orders = {rank_kind(kind, side): VALUES for kind in ranked for side in SIDES}
        return DenseLabels(values | orders, ranked)

    @property
    def rank_kinds(self) -> frozenset[str]:
        """The kinds that tell an order."""
        return frozenset(rank_kind(kind, side) for kind in self.ranked for side in SIDES)

    def of_picture(
        self, dataset: ReferDataset, covers: dict[int, np.ndarray], size: tuple[int, int]
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Labels (H/8, W/8) int64 per kind, and (H/8, W/8) int64 how many cells the cell's object has.

        -1 on cells that are neither a quarter covered by one object nor empty; 0 cells where there is none.

        covers: annotation id -> share of each cell covered, at a stride that divides 8; size: (H, W) of SAM's
            input.
        """
        height, width = size[0] // STRIDE, size[1] // STRIDE
        labels = {kind: np.full((height, width), -1, np.int64) for kind in self.values}
        total = np.zeros((height, width), np.float32)
        most = np.full((height, width), LEAST_COVERED, np.float32)
        owners = np.zeros((height, width), np.int64)
        orders = self._orders(dataset, covers)
        for number, (ann_id, cover) in enumerate(covers.items(), 1):
            annotation = dataset.annotations[ann_id]
            cells = cover.shape[0] // height
            share = cover.reshape(height, cells, width, cells).mean(axis=(1, 3))
            total += share
            inside = share >= most
            most[inside], owners[inside] = share[inside], number
            names = {CATEGORY: dataset.categories[annotation.category_id], **annotation.attributes}
            names |= orders.get(ann_id, {})
            for kind, values in self.values.items():
                labels[kind][inside] = values.index(names[kind]) if names.get(kind) in values else -1
        labels[CATEGORY][total < 0.05] = BACKGROUND
        cells = np.bincount(owners.ravel(), minlength=len(covers) + 1)
        cells[0] = 0
        return labels, cells[owners]

    def _orders(self, dataset: ReferDataset, ids: Iterable[int]) -> dict[int, dict[str, str]]:
        if not self.ranked:
            return {}
        shown = [dataset.annotations[i] for i in ids]
        groups = {
            kind: [a.category_id if kind == CATEGORY else a.attributes.get(kind) for a in shown]
            for kind in self.ranked
        }
        return ranks(shown, groups)


def soft_truth(mask: np.ndarray, place: Geometry, stride: int = 4) -> np.ndarray:
    """(H/stride, W/stride) float32: the share of each cell of SAM's input that a mask covers.

    mask: (h, w) bool at the picture's size; place: where the picture lies in SAM's input.
    """
    soft: np.ndarray = mask.astype(np.float32)
    height, width = place.resized_size
    if soft.shape != (height, width):
        soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_AREA)
    canvas = np.zeros(place.input_size, np.float32)
    canvas[place.top : place.top + height, place.left : place.left + width] = soft
    rows, columns = canvas.shape[0] // stride, canvas.shape[1] // stride
    cells: np.ndarray = cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA)
    return cells
