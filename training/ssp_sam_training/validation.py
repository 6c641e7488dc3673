"""A quick look at the network during training: protocol B's rules on a fixed sample of the validation split.

`evaluate.py` gives the numbers to report; this one only tells how the run is doing.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F

from ssp_sam_ros.network import SSPSAM

from .batches import BatchMaker


@torch.inference_mode()
def quick_validation(
    net: SSPSAM, maker: BatchMaker, pictures: int, sentences: int, device: torch.device, autocast: bool
) -> dict[str, float]:
    """gIoU, N-acc, T-acc and gIoU per kind of sentence, in percent, at the size of SAM's input.

    The sample is the same every time: the first `pictures` of the split, `sentences` drawn from each.
    """
    net.eval()
    ious: dict[str, list[float]] = defaultdict(list)
    present_right: list[float] = []
    absent_right: list[float] = []
    least = max(1, round(50 * (max(net.variant.sam_size) / 512) ** 2))
    rng = np.random.default_rng(0)
    for image_id in maker.picture_ids[:pictures]:
        pairs = maker._draw(image_id, sentences, rng)
        batch = maker.make([image_id], [pairs]).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            features = net.encode_image(batch.clip, batch.sam)
            logits, _ = net.decode(features, net.prompt(features.visual, net.encode_text(batch.ids)))
        full = F.interpolate(logits, net.variant.sam_size, mode="bilinear", align_corners=False) > 0
        truth = F.interpolate(batch.masks, net.variant.sam_size, mode="bilinear", align_corners=False) > 0.5
        pixels = full.sum((1, 2, 3))
        inter, union = (full & truth).sum((1, 2, 3)), (full | truth).sum((1, 2, 3))
        for (_, sentence), n, i, u, there in zip(
            pairs, pixels.tolist(), inter.tolist(), union.tolist(), batch.present.tolist(), strict=True
        ):
            empty = n < least
            iou = float(empty) if not there else (0.0 if empty else i / max(u, 1))
            (present_right if there else absent_right).append(float(empty != bool(there)))
            ious[sentence.kind or "any"].append(iou)
            ious["all"].append(iou)
    scores = {f"giou_{kind}": 100 * float(np.mean(values)) for kind, values in sorted(ious.items())}
    scores["n_acc"] = 100 * float(np.mean(absent_right)) if absent_right else float("nan")
    scores["t_acc"] = 100 * float(np.mean(present_right)) if present_right else float("nan")
    return scores
