from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from ssp_sam_ros.network import SSPSAM, load_variant
from ssp_sam_training.batches import BatchMaker
from ssp_sam_training.config import Data, Losses
from ssp_sam_training.data.refer import load_refer
from ssp_sam_training.labels import DenseLabels
from ssp_sam_training.step import loss_terms


def test_what_is_mentioned_teaches_the_part_that_finds_it(grefcoco_root: Path) -> None:
    torch.manual_seed(0)
    dataset = load_refer(grefcoco_root, "grefcoco", "val")
    net = SSPSAM(load_variant("ssp_sam_tiny")).eval()
    maker = BatchMaker(dataset, net.variant, Data(), DenseLabels.of_dataset(dataset))
    reference, sentence = next((r, s) for r in maker.by_picture[1] for s in r.sentences if r.ann_ids)
    told = replace(sentence, mentions=((), reference.ann_ids, ()))
    batch = maker.make([1], [[(reference, told)]], with_objects=True)
    terms = loss_terms(net, None, batch, Losses(mentions=1.0))
    assert set(terms) == {"mentions"} and terms["mentions"].item() > 0
    terms["mentions"].backward()
    parts = net.extensions.mentions
    assert all(p.grad.abs().sum() > 0 for p in (parts.which.weight, parts.phrase.weight, parts.bias))
