"""Batches of pictures with several sentences each, so that the image encoders run once per picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ssp_sam_ros.network import Variant, build_tokenizer
from ssp_sam_ros.network.mentions import ROLES
from ssp_sam_ros.perception.geometry import Geometry
from ssp_sam_ros.perception.preprocessing import clip_input, sam_input

from .config import Data, Stage
from .data import ReferDataset, Reference, Sentence
from .distributed import share
from .errors import TrainingError
from .labels import DenseLabels, soft_truth


@dataclass(frozen=True)
class Batch:
    """P pictures and N sentences about them.

    sam: (P, 3, *sam_size), normalised; None where embeddings are given or no mask is asked for.
    clip: (P, 3, *clip_size), None where the trunk is shared.
    ids: (N, context); picture: (N,) row of the sentence's picture.
    masks: (N, 1, H/s, W/s), the share of each cell of the mask logits that the targets cover, s being the
        variant's `mask_stride`; or (N, 1, 512, 512) uint8 in the letterbox; None where no mask is asked for.
    boxes: (N, 4) cx, cy, w, h in 0..1 of CLIP's input; present: (N,) 1.0 where there is a target.
    dense: label kind -> (P, H/8, W/8) int64, -1 where nothing is asked.
    dense_cells: (P, H/8, W/8) int64, how many cells the cell's object has; None without `dense`.
    names: which sentence each row is, for messages.
    total: sentences of the whole step, of which these are a share.
    embeddings: (P, C, h, w), SAM's, from a store.
    object_patches: (P, K, n), share of each of CLIP's patches in the area of each object of the picture, all
        zero where it has fewer than K; None where no term wants them.
    object_areas: (P, K), how many patches each object covers; None where no term wants them.
    targets: (N, K), 1.0 where the sentence means the object; None where no term wants them.
    mentions: (N, R, K), 1.0 where the sentence speaks of the object in that role; NaN where the set does not
        tell it; None where no term wants them.
    """

    sam: Tensor | None
    clip: Tensor | None
    ids: Tensor
    picture: Tensor
    masks: Tensor | None
    boxes: Tensor
    present: Tensor
    dense: dict[str, Tensor]
    names: tuple[str, ...] = ()
    total: int = 0
    embeddings: Tensor | None = None
    dense_cells: Tensor | None = None
    object_patches: Tensor | None = None
    object_areas: Tensor | None = None
    targets: Tensor | None = None
    mentions: Tensor | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def weight(self) -> float:
        """The share of the step's sentences that are in this batch; 1 for a step of its own."""
        return len(self) / self.total if self.total else 1.0

    def to(self, device: torch.device) -> Batch:
        """The batch on `device`."""
        moved = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in moved.items():
            if isinstance(value, Tensor):
                moved[name] = value.to(device, non_blocking=True)
        moved["dense"] = {kind: labels.to(device, non_blocking=True) for kind, labels in self.dense.items()}
        return replace(self, **moved)


class BatchMaker:
    """Makes the batch of a step from dataset, seed and step alone, so that a resumed run sees the same."""

    def __init__(self, dataset: ReferDataset, variant: Variant, data: Data, labels: DenseLabels) -> None:
        self.dataset, self.variant, self.data, self.labels = dataset, variant, data, labels
        self.tokenizer = build_tokenizer(variant)
        self.by_picture = dataset.references_by_image()
        self.picture_ids = sorted(self.by_picture)
        # Of each picture, named by a sentence or not: what no sentence names is no background either.
        self.objects: dict[int, list[int]] = {image_id: [] for image_id in self.picture_ids}
        for annotation in dataset.annotations.values():
            if annotation.image_id in self.objects:
                self.objects[annotation.image_id].append(annotation.id)
        self._enough: dict[str, list[int]] = {}  # pictures with enough sentences, by stage
        self._cached_order: tuple[tuple[tuple[int, ...], int], np.ndarray] | None = None
        if not self.picture_ids:
            raise ValueError(f"{dataset.name} has no reference in split '{dataset.split}'")

    def step(self, seed: tuple[int, ...], step: int, stage: Stage, part: int = 0, parts: int = 1) -> Batch:
        """The `part`-th of `parts` shares of the batch of `step` in the stage that `seed` names.

        An epoch shows every picture that the stage takes once, shuffled.
        """
        chosen, pictures = [], self._pictures(stage)
        for position in range(step * stage.pictures, (step + 1) * stage.pictures):
            epoch, index = divmod(position, len(pictures))
            chosen.append(pictures[self._order((*seed, epoch), len(pictures))[index]])
        rng = np.random.default_rng([*seed, 1, step])
        weights = self.data.kind_weights if stage.kind_weights is None else stage.kind_weights
        drawn = [self._draw(i, stage.sentences, rng, weights) for i in chosen]
        own = share(len(chosen), part, parts)
        losses = stage.losses
        batch = self.make(chosen[own], drawn[own], bool(losses.dense), losses.needs_objects)
        return replace(batch, total=sum(len(pairs) for pairs in drawn))

    def draw(self, image_ids: list[int], count: int) -> list[list[tuple[Reference, Sentence]]]:
        """`count` sentences of each picture, the same every time, whatever their kind."""
        rng = np.random.default_rng(0)
        return [self._draw(image_id, count, rng, {}) for image_id in image_ids]

    def make(
        self,
        image_ids: list[int],
        drawn: list[list[tuple[Reference, Sentence]]],
        dense: bool = False,
        with_objects: bool = False,
    ) -> Batch:
        """The batch of these pictures and, per picture, sentences."""
        sam, clip, ids, rows, masks, boxes, present = [], [], [], [], [], [], []
        labels: list[dict[str, np.ndarray]] = []
        cells: list[np.ndarray] = []
        areas: list[Tensor] = []
        meant: list[list[float]] = []
        spoken_of: list[Tensor] = []
        for row, (image_id, pairs) in enumerate(zip(image_ids, drawn, strict=True)):
            image = self.dataset.load_image(image_id)
            picture, place = sam_input(
                image, self.variant.sam_size, self.variant.sam_mean, self.variant.sam_std
            )
            sam.append(picture)
            box_place = place
            if not self.variant.shared_trunk:
                v = self.variant
                picture, box_place = clip_input(image, v.clip_size, v.clip_mean, v.clip_std)
                clip.append(picture)
            wanted = {a for reference, _ in pairs for a in reference.ann_ids}
            if dense or with_objects:
                wanted.update(self.objects[image_id])
            covers = {
                a: self._cover(a, place) for a in sorted(wanted) if not self.dataset.annotations[a].iscrowd
            }
            if dense:
                shown, sizes = self.labels.of_picture(self.dataset, covers, self.variant.sam_size)
                labels.append(shown)
                cells.append(sizes)
            if with_objects:
                areas.append(self._areas(covers))
                meant += [[float(a in reference.ann_ids) for a in covers] for reference, _ in pairs]
                spoken_of += [_spoken_of(sentence, list(covers)) for _, sentence in pairs]
            for reference, sentence in pairs:
                ids.append(self.tokenizer(sentence.text).ids)
                rows.append(row)
                cover = np.zeros([s // self.variant.mask_stride for s in self.variant.sam_size], np.float32)
                for ann_id in reference.ann_ids:
                    if ann_id in covers:
                        cover += covers[ann_id]
                masks.append(np.minimum(cover, 1.0))
                x1, y1, x2, y2 = self.dataset.box(reference).tolist()
                boxes.append(box_place.box_to_input((x1, y1, x2, y2)))
                present.append(not reference.no_target)
        context = self.variant.text.context
        return Batch(
            torch.cat(sam) if sam else None,
            torch.cat(clip) if clip else None,
            torch.from_numpy(np.array(ids, np.int64).reshape(-1, context)),
            torch.tensor(rows, dtype=torch.int64),
            torch.from_numpy(np.array(masks, np.float32))[:, None] if masks else torch.zeros(0),
            torch.from_numpy(np.array(boxes, np.float32).reshape(-1, 4)),
            torch.tensor(present, dtype=torch.float32),
            {
                kind: torch.from_numpy(np.stack([x[kind] for x in labels]))
                for kind in (labels[0] if labels else ())
            },
            tuple(
                f"{self.dataset.images[i].file_name} '{sentence.text}'"
                for i, pairs in zip(image_ids, drawn, strict=True)
                for _, sentence in pairs
            ),
            dense_cells=torch.from_numpy(np.stack(cells)) if cells else None,
            object_patches=_shares(pad_sequence(areas, batch_first=True)) if areas else None,
            object_areas=pad_sequence(areas, batch_first=True).sum(-1) if areas else None,
            targets=_padded(meant, max(map(len, areas))) if areas else None,
            mentions=pad_sequence(spoken_of, batch_first=True).transpose(1, 2) if areas else None,
        )

    def _pictures(self, stage: Stage) -> list[int]:
        """The pictures that a stage shows."""
        if stage.kind_weights is None and stage.root is None:
            return self.picture_ids
        if stage.name not in self._enough:
            shown = [i for i in self.picture_ids if self._is_shown(i, stage)]
            if not shown:
                where = "" if stage.root is None else f" of {stage.root}"
                raise TrainingError(
                    f"stage '{stage.name}': no picture{where} has {stage.sentences} sentences of the kinds "
                    f"that its kind_weights leave"
                )
            self._enough[stage.name] = shown
        return self._enough[stage.name]

    def _is_shown(self, image_id: int, stage: Stage) -> bool:
        if stage.root is not None:
            path = self.dataset.image_path(image_id).absolute()
            if not path.is_relative_to(Path(stage.root).absolute()):
                return False
        if stage.kind_weights is None:
            return True
        weights = stage.kind_weights
        said = (s for r in self.by_picture[image_id] for s in r.sentences)
        return sum(weights.get(s.kind or "", 1.0) > 0 for s in said) >= stage.sentences

    def _areas(self, covers: Mapping[int, np.ndarray]) -> Tensor:
        """(K, n) of one picture: the share of each of CLIP's patches that each object covers."""
        if not covers:
            return torch.zeros(0, math.prod(self.variant.clip.grid))
        cover = torch.from_numpy(np.stack(list(covers.values())))
        return F.adaptive_avg_pool2d(cover[:, None], self.variant.clip.grid).flatten(1)

    def _order(self, seed: tuple[int, ...], count: int) -> np.ndarray:
        cached = self._cached_order
        if cached is None or cached[0] != (seed, count):
            cached = ((seed, count), np.random.default_rng([*seed, 0]).permutation(count))
            self._cached_order = cached
        return cached[1]

    def _draw(
        self, image_id: int, count: int, rng: np.random.Generator, kind_weights: Mapping[str, float]
    ) -> list[tuple[Reference, Sentence]]:
        """`count` sentences of a picture without repetition (fewer if it has fewer), weighted by kind."""
        pairs = [(r, s) for r in self.by_picture[image_id] for s in r.sentences]
        count = min(count, len(pairs))
        if not count:
            return []
        weights = np.array([kind_weights.get(s.kind or "", 1.0) for _, s in pairs])
        weights = np.maximum(weights, 1e-9)  # kinds of weight 0 only where nothing else is left
        chosen = rng.choice(len(pairs), count, replace=False, p=weights / weights.sum())
        return [pairs[i] for i in chosen]

    def _cover(self, ann_id: int, place: Geometry) -> np.ndarray:
        """float32: the share of each cell of the mask logits that the object covers."""
        return soft_truth(self.dataset.annotation_mask(ann_id), place, self.variant.mask_stride)


def _shares(patches: Tensor) -> Tensor:
    """See `Batch.object_patches`; patches: (P, K, n), covered shares."""
    return patches / patches.sum(-1, keepdim=True).clamp(min=1e-6)


def _spoken_of(sentence: Sentence, objects: list[int]) -> Tensor:
    """(K, R) of one sentence, see `Batch.mentions`."""
    if sentence.mentions is None:
        return torch.full((len(objects), len(ROLES)), math.nan)
    told = [[float(a in role) for role in sentence.mentions] for a in objects]
    return torch.tensor(told).reshape(len(objects), len(ROLES))


def _padded(rows: list[list[float]], width: int) -> Tensor:
    """(N, width), zeros behind each row."""
    return torch.tensor([row + [0.0] * (width - len(row)) for row in rows]).reshape(len(rows), width)


def prefetched(
    make: Callable[[int, int], Batch], parts: Iterable[tuple[int, int]], ahead: int, threads: int = 1
) -> Iterator[Batch]:
    """`make(step, part)` for all `parts`, in order, made in threads up to `ahead` of their use."""
    # One PyTorch thread each: with a team of its own for every one of them there are more OpenMP threads than
    # cores, libgomp no longer spins between two operations, and the network's threads sleep and wake instead.
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        waiting: list[Future[Batch]] = []
        todo = iter(parts)
        try:
            while True:
                for step, part in todo:
                    waiting.append(pool.submit(make, step, part))
                    if len(waiting) >= ahead:
                        break
                if not waiting:
                    return
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
