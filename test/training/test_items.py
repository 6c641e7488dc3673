"""Batches of items: which sentences, where the picture lies, what is true of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ssp_sam_ros.network import load_variant
from ssp_sam_training.config import Losses, Stage
from ssp_sam_training.data import load_dataset
from ssp_sam_training.items import Item, ItemMaker
from ssp_sam_training.metrics import letterbox_truth

RES = Losses(focal=4, dice=4, l1=5, giou=2)
FINE = Stage("fine", losses=RES, epochs=3, batch=4, truth="letterbox", random_place=True)
BOXES = Stage("boxes", losses=Losses(l1=5, giou=2), epochs=3, batch=4, items="sentence")


@pytest.fixture
def maker(mugs_root: Path, plain_variant: str) -> ItemMaker:
    return ItemMaker(load_dataset("refcoco", mugs_root, "train"), load_variant(plain_variant))


def test_an_epoch_shows_every_reference_once_with_one_of_its_sentences(maker: ItemMaker) -> None:
    assert (maker.count(FINE), maker.steps_per_epoch(FINE)) == (12, 3)
    epochs = [
        [name for s in range(3 * e, 3 * e + 3) for name in maker.step((0, 0), s, FINE).names] for e in (0, 1)
    ]
    for names in epochs:
        assert len({name.partition(", /")[0] for name in names}) == 12
    assert epochs[0] != epochs[1]


def test_box_pretraining_shows_every_sentence_but_long_ones(maker: ItemMaker) -> None:
    assert maker.count(BOXES) == 18
    short = Stage("boxes", losses=BOXES.losses, epochs=1, batch=4, items="sentence", longest_sentence=2)
    assert maker.count(short) == 12
    names = [n for s in range(3) for n in maker.step((0, 0), s, short).names]
    assert len(set(names)) == 12 and not any("the left mug" in name for name in names)
    batch = maker.step((0, 0), 0, BOXES)
    assert batch.sam is None and batch.masks is None and batch.clip is not None


def test_a_split_smaller_than_a_batch_is_named(maker: ItemMaker) -> None:
    with pytest.raises(ValueError, match=r"has 12 items, fewer than a batch of 13 in stage 'x'"):
        maker.steps_per_epoch(Stage("x", losses=RES, epochs=1, batch=13))


def test_shares_of_a_step_are_the_step(maker: ItemMaker) -> None:
    whole = maker.step((3, 0), 4, FINE)
    parts = [maker.step((3, 0), 4, FINE, part, 3) for part in range(3)]
    assert whole.names == tuple(name for part in parts for name in part.names)
    assert whole.clip is not None and whole.masks is not None
    assert torch.equal(whole.clip, torch.cat([p.clip for p in parts if p.clip is not None]))
    assert torch.equal(whole.masks, torch.cat([p.masks for p in parts if p.masks is not None]))
    assert torch.equal(whole.boxes, torch.cat([p.boxes for p in parts]))
    assert sum(p.weight for p in parts) == pytest.approx(1.0) and whole.weight == 1.0


def test_a_picture_elsewhere_in_its_padding_keeps_pixels_and_box(maker: ItemMaker) -> None:
    sample = maker.dataset[0]
    middle = maker.make([Item(sample, 0)], masks=True)
    top = maker.make([Item(sample, 0, (0.0, 0.0))], masks=True)
    low = maker.make([Item(sample, 0, (0.999, 0.0))], masks=True)
    assert middle.clip is not None and top.clip is not None and low.clip is not None
    rows = 48  # an 80x60 picture in 64x64
    assert torch.equal(top.clip[:, :, :rows], low.clip[:, :, 64 - rows :])
    assert torch.equal(top.clip[:, :, :rows], middle.clip[:, :, 8 : 8 + rows])
    assert not top.clip[:, :, rows:].any() and not low.clip[:, :, : 64 - rows].any()
    assert (low.boxes[0, 1] - top.boxes[0, 1]).item() == pytest.approx((64 - rows) / 64)
    assert torch.equal(top.boxes[0, 2:], low.boxes[0, 2:])
    assert top.sam is not None and low.sam is not None and torch.equal(top.sam, low.sam)


def test_truths_are_the_letterbox_and_a_picture_is_there_once(maker: ItemMaker) -> None:
    samples = maker.dataset.by_picture()[maker.dataset[0].picture]
    items = [Item(s, i) for s in samples for i in range(len(s.sentences))]
    batch = maker.picture(items, masks=True)
    assert batch.sam is not None and batch.masks is not None
    assert (len(batch), len(batch.sam)) == (3, 1) and batch.picture.tolist() == [0, 0, 0]
    expected = letterbox_truth(samples[0].mask(), (64, 64))
    np.testing.assert_array_equal(batch.masks[0, 0].bool(), expected)
    assert batch.masks.shape == (3, 1, 512, 512) and torch.equal(batch.masks[0], batch.masks[1])


def test_without_a_target_the_box_is_nothing_at_the_pictures_corner(
    grefcoco_root: Path, plain_variant: str
) -> None:
    maker = ItemMaker(load_dataset("grefcoco", grefcoco_root, "val"), load_variant(plain_variant))
    absent = next(sample for sample in maker.dataset if sample.no_target)
    batch = maker.make([Item(absent, 0)], masks=True)
    assert batch.masks is not None and not batch.masks.any() and batch.present.tolist() == [0.0]
    # The 80x60 picture is 64x48 in 64x64, its corner at (left, top) = (0, 8).
    np.testing.assert_allclose(batch.boxes[0], [0, 8 / 64, 0, 0])
