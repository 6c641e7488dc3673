"""A quick look at the network during training, the same on any number of processes.

`evaluate.py` gives the numbers to report; these tell how the run is doing and which weights were best.
Pictures are dealt out to the processes, each sentence is scored once, and all scores are gathered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ssp_sam_ros.network import SSPSAM
from ssp_sam_ros.perception.geometry import clip_geometry, sam_geometry

from .batches import Batch, BatchMaker, prefetched
from .data import Sample
from .distributed import Processes
from .items import Item, ItemMaker
from .metrics import box_hit, letterbox_prediction, score_paper
from .step import image_features

_AHEAD, _LOADERS = 4, 2  # pictures made ready ahead of the network, by so many threads


@dataclass(frozen=True)
class Score:
    """One sentence's score; `order` is its place in the validation set.

    intersection and union: pixels, 0 without masks. predicted_empty: fewer pixels than count as a mask.
    """

    order: tuple[int, int]
    kind: str | None
    targeted: bool
    iou: float
    intersection: int
    union: int
    predicted_empty: bool
    box_hit: bool


@torch.inference_mode()
def validate_items(
    net: SSPSAM, maker: ItemMaker, pictures: int, masks: bool, processes: Processes, autocast: bool
) -> dict[str, float]:
    """Protocol A's gIoU, cIoU, N-acc and T-acc, and Acc@0.5 of the box head, in percent.

    Every sentence about the first `pictures` of the split (0: all). A picture is one batch, whatever the
    number of processes, so that every sentence gets the same score. Without `masks` the box head alone.
    """
    net.eval()
    groups = list(maker.dataset.by_picture().values())[: pictures or None]
    scores = []
    chosen = range(processes.rank, len(groups), processes.count)

    def make(index: int, _: int) -> Batch:
        return _picture_batch(maker, groups[index], masks)

    batches = prefetched(make, ((index, 0) for index in chosen), _AHEAD, _LOADERS)
    for index, batch in zip(chosen, batches, strict=True):
        scores += _score_items(net, batch.to(processes.device), groups[index], index, masks, autocast)
    return summarise(_together(scores, processes), by_kind=False, boxes=True, masks=masks)


def validate_scenes(
    net: SSPSAM, maker: BatchMaker, pictures: int, sentences: int, processes: Processes, autocast: bool
) -> dict[str, float]:
    """gIoU, N-acc, T-acc and gIoU per kind of sentence, in percent, of `score_scenes`."""
    return summarise(score_scenes(net, maker, pictures, sentences, processes, autocast), by_kind=True)


@torch.inference_mode()
def score_scenes(
    net: SSPSAM, maker: BatchMaker, pictures: int, sentences: int, processes: Processes, autocast: bool
) -> list[Score]:
    """Every sentence's score at the size of SAM's input, the same list on every process.

    The sample is the same every time: the first `pictures` of the split (0: all), `sentences` drawn from
    each.
    """
    net.eval()
    chosen = maker.picture_ids[: pictures or None]
    drawn = maker.draw(chosen, sentences)
    scores = []
    for index in range(processes.rank, len(chosen), processes.count):
        batch = maker.make([chosen[index]], [drawn[index]]).to(processes.device)
        kinds = [sentence.kind for _, sentence in drawn[index]]
        scores += _score_scene(net, batch, kinds, index, autocast)
    return _together(scores, processes)


def summarise(
    scores: Sequence[Score], by_kind: bool, boxes: bool = False, masks: bool = True
) -> dict[str, float]:
    """Percentages over all scores; NaN where none counts. `giou` is over all, `targeted_giou` as named."""
    out: dict[str, float] = {}
    if masks:
        out |= {
            "giou": _mean([s.iou for s in scores]),
            "targeted_giou": _mean([s.iou for s in scores if s.targeted]),
            "ciou": _mean([s.intersection for s in scores], [s.union for s in scores]),
            "n_acc": _mean([s.predicted_empty for s in scores if not s.targeted]),
            "t_acc": _mean([not s.predicted_empty for s in scores if s.targeted]),
        }
    if boxes:
        out["box_acc"] = _mean([s.box_hit for s in scores])
    if by_kind:
        kinds: dict[str, list[float]] = defaultdict(list)
        for score in scores:
            kinds[score.kind or "any"].append(score.iou)
        out |= {"giou_all": out["giou"]}
        out |= {f"giou_{kind}": _mean(values) for kind, values in sorted(kinds.items())}
    return out


def _mean(tops: Sequence[float], bottoms: Sequence[float] | None = None) -> float:
    bottom = float(len(tops) if bottoms is None else sum(bottoms))
    return 100 * float(sum(tops)) / bottom if bottom else float("nan")


def _together(scores: list[Score], processes: Processes) -> list[Score]:
    """The scores of all processes in the order of the set, each once."""
    gathered = {score.order: score for score in processes.gather(scores)}
    return [gathered[order] for order in sorted(gathered)]


def _picture_batch(maker: ItemMaker, samples: Sequence[Sample], masks: bool) -> Batch:
    """One picture with all its sentences: the encoders run once."""
    items = [Item(sample, i) for sample in samples for i in range(len(sample.sentences))]
    return maker.picture(items, masks)


def _score_items(
    net: SSPSAM, batch: Batch, samples: Sequence[Sample], index: int, masks: bool, autocast: bool
) -> list[Score]:
    device = batch.ids.device
    with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
        features = image_features(net, batch)
        prompts = net.prompt(features.visual, net.encode_text(batch.ids))
        logits = net.decode(features, prompts)[0] if masks else None
    v = net.variant
    geometry = (sam_geometry if v.shared_trunk else clip_geometry)(samples[0].picture.size, v.clip_size)
    found = None if logits is None else letterbox_prediction(logits, v.sam_size).cpu().numpy()
    truths = None if batch.masks is None else batch.masks[:, 0].bool().cpu().numpy()
    scores = []
    owners = [sample for sample in samples for _ in sample.sentences]
    for row, (sample, box) in enumerate(zip(owners, prompts.boxes.tolist(), strict=True)):
        hit = box_hit(geometry.box_to_image(tuple(box)), sample.box.tolist(), sample.no_target)
        if found is None or truths is None:
            scores.append(Score((index, row), None, not sample.no_target, 0.0, 0, 0, False, hit))
            continue
        s = score_paper(found[row], truths[row])
        targeted = not s.truth_empty
        scores.append(
            Score((index, row), None, targeted, s.iou, s.intersection, s.union, s.predicted_empty, hit)
        )
    return scores


def _score_scene(
    net: SSPSAM, batch: Batch, kinds: Sequence[str | None], index: int, autocast: bool
) -> list[Score]:
    if batch.masks is None:
        raise ValueError("validation wants masks, the batch has none")
    size = net.variant.sam_size
    least = max(1, round(50 * (max(size) / 512) ** 2))
    with torch.autocast(batch.ids.device.type, torch.bfloat16, enabled=autocast):
        features = image_features(net, batch)
        logits, _ = net.decode(features, net.prompt(features.visual, net.encode_text(batch.ids)))
    full = F.interpolate(logits, size, mode="bilinear", align_corners=False) > 0
    truth = F.interpolate(batch.masks, size, mode="bilinear", align_corners=False) > 0.5
    pixels = full.sum((1, 2, 3))
    inter, union = (full & truth).sum((1, 2, 3)), (full | truth).sum((1, 2, 3))
    rows = zip(kinds, *(x.tolist() for x in (pixels, inter, union, batch.present)), strict=True)
    scores = []
    for row, (kind, n, i, u, there) in enumerate(rows):
        empty = n < least
        if there:
            iou, inner, outer = (0.0, 0, u) if empty else (i / max(u, 1), i, u)
        else:
            iou, inner, outer = float(empty), 0, 0 if empty else n
        scores.append(Score((index, row), kind, bool(there), iou, inner, outer, empty, False))
    return scores
