"""Batches of items, as in the paper: one sentence about one picture each.

An item's target is the union of all that is meant (paper, Section IV-B, note); without a target the mask is
empty and the box is zero-sized at the picture's corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ssp_sam_ros.network import Variant, build_tokenizer
from ssp_sam_ros.perception.geometry import Geometry, sam_geometry
from ssp_sam_ros.perception.preprocessing import clip_input, sam_input

from .batches import Batch
from .config import Stage
from .data import Dataset, Sample
from .distributed import share
from .embeddings import EmbeddingStore, StoreError
from .labels import soft_truth
from .metrics import letterbox_truth


@dataclass(frozen=True)
class Item:
    """One sentence of a sample, and where CLIP's picture lies in its padding.

    place: (down, across) as shares 0..1 of the free room; None for the middle, as in inference.
    """

    sample: Sample
    sentence: int
    place: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """Which item it is, for messages."""
        sample, text = self.sample, self.sample.sentences[self.sentence].text
        return f"{sample.dataset} {sample.split}, reference {sample.ref_id}, {sample.picture.path}: '{text}'"


class ItemMaker:
    """Makes the batch of a step from dataset, seed and step alone, so that a resumed run sees the same."""

    def __init__(self, dataset: Dataset, variant: Variant, store: EmbeddingStore | None = None) -> None:
        """`store`: SAM's embeddings; without one batches carry SAM's input instead."""
        self.dataset, self.variant, self.store = dataset, variant, store
        self.tokenizer = build_tokenizer(variant)
        self._cached_epoch: tuple[tuple[int, ...], NDArray[np.int64], NDArray[np.float64]] | None = None
        self._sentences: dict[int | None, NDArray[np.int64]] = {}

    def count(self, stage: Stage) -> int:
        """Items of an epoch. Raises ValueError if there are too few for one batch."""
        references = stage.items == "reference"
        count = len(self.dataset) if references else len(self._all(stage.longest_sentence))
        if count < stage.batch:
            raise ValueError(
                f"{self.dataset.name} {self.dataset.split} has {count} items, fewer than a batch of "
                f"{stage.batch} in stage '{stage.name}': lower its batch"
            )
        return count

    def steps_per_epoch(self, stage: Stage) -> int:
        """Whole batches of an epoch; what is left over comes in other epochs, the order being another."""
        return self.count(stage) // stage.batch

    def step(self, seed: tuple[int, ...], step: int, stage: Stage, part: int = 0, parts: int = 1) -> Batch:
        """The `part`-th of `parts` shares of the batch of `step` in the stage that `seed` names."""
        items = self.items(seed, step, stage)[share(stage.batch, part, parts)]
        return replace(self.make(items, stage.losses.needs_mask, stage.truth), total=stage.batch)

    def items(self, seed: tuple[int, ...], step: int, stage: Stage) -> list[Item]:
        """The items of a step."""
        epoch, index = divmod(step, self.steps_per_epoch(stage))
        order, draws = self._epoch((*seed, epoch), self.count(stage))
        chosen = order[index * stage.batch : (index + 1) * stage.batch]
        return [self._item(stage, int(i), draws[i]) for i in chosen]

    def make(self, items: list[Item], masks: bool, truth: str = "letterbox") -> Batch:
        """The batch of these items, one picture row each.

        masks: with SAM's side (its input or embedding) and the truth masks. truth: "letterbox", 0/1 in the
        512 letterbox of the release, or "logits", soft at the resolution of the mask logits.
        """
        return self._batch(items, range(len(items)), masks, truth)

    def picture(self, items: list[Item], masks: bool) -> Batch:
        """The batch of items that are all about one picture, which is in it once."""
        return self._batch(items, [0] * len(items), masks, "letterbox")

    def _batch(self, items: list[Item], rows: Sequence[int], masks: bool, truth: str) -> Batch:
        """Item i is about the picture in row rows[i]; the rows' first items say which picture."""
        v = self.variant
        first = [items[rows.index(row)] for row in sorted(set(rows))]
        clip, sam, places, sam_places = [], [], [], []
        for item in first:
            with_sam = v.shared_trunk or (masks and self.store is None)
            image = item.sample.image()
            size = (image.shape[0], image.shape[1])
            place = sam_geometry(size, v.sam_size)
            sam_places.append(place)
            if with_sam:
                sam.append(sam_input(image, v.sam_size, v.sam_mean, v.sam_std)[0])
            if not v.shared_trunk:
                picture, place = _placed(*clip_input(image, v.clip_size, v.clip_mean, v.clip_std), item.place)
                clip.append(picture)
            places.append(place)
        ids = [self.tokenizer(i.sample.sentences[i.sentence].text).ids for i in items]
        boxes = [
            places[row].box_to_input(_corners(item.sample)) for item, row in zip(items, rows, strict=True)
        ]
        embeddings = None
        if masks and self.store is not None:
            embeddings = self._stored(self.store, first)
        return Batch(
            sam=torch.cat(sam) if sam else None,
            clip=torch.cat(clip) if clip else None,
            ids=torch.from_numpy(np.array(ids, np.int64).reshape(-1, v.text.context)),
            picture=torch.tensor(rows),
            masks=self._truths(items, [sam_places[row] for row in rows], truth) if masks else None,
            boxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
            present=torch.tensor([not i.sample.no_target for i in items], dtype=torch.float32),
            dense={},
            names=tuple(item.name for item in items),
            embeddings=embeddings,
        )

    def _stored(self, store: EmbeddingStore, items: list[Item]) -> torch.Tensor:
        keys = [item.sample.picture.key for item in items]
        if missing := store.missing(keys):
            path = next(i.sample.picture.path for i, k in zip(items, keys, strict=True) if k == missing[0])
            raise StoreError(
                f"{store.folder} has no embedding of {path}: run training/precompute.py on its set"
            )
        return store.batch(keys)

    def _truths(self, items: list[Item], places: list[Geometry], truth: str) -> torch.Tensor:
        """(N, 1, H, W) truth masks; sentences of one sample share its mask."""
        masks: dict[int, NDArray[Any]] = {}
        for item, place in zip(items, places, strict=True):
            if id(item.sample) not in masks:
                mask = item.sample.mask()
                masks[id(item.sample)] = (
                    letterbox_truth(mask, self.variant.sam_size).astype(np.uint8)
                    if truth == "letterbox"
                    else soft_truth(mask, place, self.variant.mask_stride)
                )
        return torch.from_numpy(np.stack([masks[id(item.sample)] for item in items]))[:, None]

    def _item(self, stage: Stage, index: int, draws: NDArray[np.float64]) -> Item:
        place = (float(draws[1]), float(draws[2])) if stage.random_place else None
        if stage.items == "sentence":
            sample, sentence = self._all(stage.longest_sentence)[index]
            return Item(self.dataset[int(sample)], int(sentence), place)
        chosen = self.dataset[index]
        return Item(chosen, int(draws[0] * len(chosen.sentences)), place)

    def _all(self, longest: int | None) -> NDArray[np.int64]:
        if longest not in self._sentences:
            self._sentences[longest] = self.dataset.items(longest)
        return self._sentences[longest]

    def _epoch(self, seed: tuple[int, ...], count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Order of an epoch's items; per item three numbers in [0, 1): sentence, place down, place across."""
        cached = self._cached_epoch
        if cached is None or cached[0] != seed:
            rng = np.random.default_rng([*seed, 2])
            cached = (seed, rng.permutation(count), rng.random((count, 3)))
            self._cached_epoch = cached
        return cached[1], cached[2]


def _corners(sample: Sample) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = sample.box.tolist()
    return x1, y1, x2, y2


def _placed(
    picture: torch.Tensor, geometry: Geometry, place: tuple[float, float] | None
) -> tuple[torch.Tensor, Geometry]:
    """CLIP's padded input with the picture elsewhere: rolled, because all around it is zero."""
    if place is None:
        return picture, geometry
    room = [a - b for a, b in zip(geometry.input_size, geometry.resized_size, strict=True)]
    top, left = (int(p * (r + 1)) for p, r in zip(place, room, strict=True))
    moved = torch.roll(picture, (top - geometry.top, left - geometry.left), dims=(2, 3))
    return moved, replace(geometry, top=top, left=left)
