from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ssp_sam_ros.network import load_variant
from ssp_sam_training.batches import Batch, BatchMaker, prefetched
from ssp_sam_training.config import Data, Losses, Stage
from ssp_sam_training.data.joined import join_refer
from ssp_sam_training.data.refer import load_refer
from ssp_sam_training.errors import TrainingError
from ssp_sam_training.labels import DenseLabels

STAGE = Stage("x", 9, Losses(), pictures=1, sentences=2)


def maker_of(root: Path, fine_mask: bool = True) -> BatchMaker:
    dataset, shipped = load_refer(root, "grefcoco", "val"), load_variant("ssp_sam_tiny")
    extensions = replace(shipped.extensions, fine_mask=fine_mask)
    variant = replace(shipped, extensions=extensions)
    return BatchMaker(dataset, variant, Data(), DenseLabels.of_dataset(dataset))


@pytest.fixture
def maker(grefcoco_root: Path) -> BatchMaker:
    return maker_of(grefcoco_root)


@pytest.mark.parametrize(("fine_mask", "cells"), [(False, 1), (True, 2)])
def test_shapes_masks_and_boxes(grefcoco_root: Path, fine_mask: bool, cells: int) -> None:
    maker = maker_of(grefcoco_root, fine_mask)
    pairs = [(r, s) for r in maker.by_picture[1] for s in r.sentences]
    batch = maker.make([1], [pairs], dense=True)
    assert batch.sam.shape == (1, 3, 240, 320) and batch.clip is None
    assert batch.ids.shape == (len(pairs), maker.variant.text.context)
    assert batch.masks.shape == (len(pairs), 1, 60 * cells, 80 * cells)
    by_text = {s.text: i for i, (_, s) in enumerate(pairs)}
    one = by_text["left mug"]
    # The picture is 80x60, enlarged fourfold to 320x240: a cell of stride 4 is one pixel of the picture.
    expected = np.zeros((60, 80), np.float32)
    expected[10:20, 10:30] = 1
    mask = batch.masks[one, 0].reshape(60, cells, 80, cells).mean(dim=(1, 3))
    if cells == 1:
        np.testing.assert_array_equal(mask, expected)
    else:  # enlarged, the edge is a slope around the border of two pixels
        np.testing.assert_allclose(mask[11:19, 11:29], 1.0)
        np.testing.assert_allclose(mask.sum(), expected.sum(), rtol=0.01)
    np.testing.assert_allclose(batch.boxes[one], [20 / 80, 15 / 60, 20 / 80, 10 / 60], rtol=1e-6)
    nothing = by_text["the blue plate"]
    assert batch.masks[nothing].sum() == 0 and batch.present[nothing] == 0
    np.testing.assert_array_equal(batch.boxes[nothing], np.zeros(4))
    both = by_text["both mugs"]
    area = cells * cells
    assert float(batch.masks[both].sum()) == pytest.approx(area * (20 * 10 + 10 * 20), rel=0.01)
    assert float(batch.masks[by_text["all the zebras"]].sum()) == pytest.approx(area * 200, rel=0.01)
    assert batch.present[by_text["all the zebras"]] == 1


def test_dense_labels_name_objects_background_and_leave_borders_out(maker: BatchMaker) -> None:
    labels = maker.make([1], [[(r, s) for r in maker.by_picture[1] for s in r.sentences]], dense=True).dense
    category = labels["category"][0]
    assert category.shape == (30, 40)
    assert (category[5:10, 5:15] == 1).all() and category[0, 0] == 0
    assert labels["colour"][0][20, 22] == 0 and labels["colour"][0][7, 8] == -1


def test_objects_that_no_sentence_names_are_no_background(maker: BatchMaker) -> None:
    pairs = [(r, s) for r in maker.by_picture[1] for s in r.sentences]
    named = maker.make([1], [pairs], dense=True).dense
    maker.by_picture[1] = [r for r in maker.by_picture[1] if not r.ann_ids]
    unnamed = maker.make([1], [[(r, s) for r in maker.by_picture[1] for s in r.sentences]], dense=True).dense
    assert (named["category"] > 0).any()
    assert all(torch.equal(named[kind], unnamed[kind]) for kind in named)


def test_a_step_is_a_function_of_seed_and_step(maker: BatchMaker) -> None:
    first = maker.step((0, 1), 3, STAGE)
    maker.step((0, 1), 9, STAGE)
    again = maker.step((0, 1), 3, STAGE)
    assert torch.equal(first.ids, again.ids) and torch.equal(first.sam, again.sam)


def test_an_epoch_shows_every_picture_once(maker: BatchMaker) -> None:
    count = len(maker.picture_ids)
    shown = [maker.picture_ids[maker._order((0, 0, 0), count)[i]] for i in range(count)]
    assert sorted(shown) == maker.picture_ids


def test_kinds_that_weigh_nothing_are_left_out(maker: BatchMaker) -> None:
    maker.data = Data(kind_weights={"place": 0.0, "several": 0.0, "": 0.0})
    weights = maker.data.kind_weights
    kinds = {s.kind for step in range(5) for _, s in maker._draw(1, 1, np.random.default_rng(step), weights)}
    assert kinds == {"absent"}


def test_a_stages_own_weights_leave_sentences_and_pictures_out(
    refer_files: SimpleNamespace, tmp_path: Path
) -> None:
    objects = [refer_files.annotation(i, i, (5, 5, 20, 20)) for i in (1, 2)]
    references = [
        refer_files.reference(1, 1, [1], ["the mug"], kind="attribute"),
        refer_files.reference(2, 1, [-1], ["no mug", "nor this"], kind="absent"),
        refer_files.reference(3, 2, [2], ["a mug", "any mug"], kind="attribute"),
    ]
    content = refer_files.instances(objects, [1, 2])
    maker = maker_of(refer_files.write(tmp_path / "own", "grefcoco", "grefs(unc).json", references, content))
    stage = replace(STAGE, sentences=2, kind_weights={"attribute": 0.0})
    for step in range(5):
        names = maker.step((0,), step, stage).names
        assert sorted(name.split("'")[1] for name in names) == ["no mug", "nor this"]
    assert len({maker.step((0,), step, STAGE).names for step in range(5)}) > 1
    with pytest.raises(TrainingError, match="stage 'long': no picture has 3 sentences of the kinds"):
        maker.step((0,), 0, replace(stage, name="long", sentences=3))


def test_a_stage_may_show_one_set_alone(refer_files: SimpleNamespace, tmp_path: Path) -> None:
    roots = [tmp_path / "one", tmp_path / "other"]
    for root in roots:
        objects = [refer_files.annotation(1, 1, (5, 5, 20, 20))]
        references = [refer_files.reference(1, 1, [1], [f"the {root.name}", f"a {root.name}"])]
        content = refer_files.instances(objects, [1])
        refer_files.write(root, "grefcoco", "grefs(unc).json", references, content)
    joined = join_refer([load_refer(root, "grefcoco", "val") for root in roots])
    maker = BatchMaker(joined, load_variant("ssp_sam_tiny"), Data(), DenseLabels.of_dataset(joined))
    for root in roots:
        stage = replace(STAGE, name=root.name, root=str(root))
        for step in range(4):
            assert all(root.name in name for name in maker.step((0,), step, stage).names)
    with pytest.raises(TrainingError, match=r"stage 'gone': no picture of .*gone has 2 sentences"):
        maker.step((0,), 0, replace(STAGE, name="gone", root=str(tmp_path / "gone")))


def test_objects_and_targets_say_what_each_patch_shows(maker: BatchMaker) -> None:
    drawn = [[(r, s) for r in maker.by_picture[i] for s in r.sentences] for i in maker.picture_ids]
    batch = maker.make(maker.picture_ids, drawn, with_objects=True)
    most = 2  # but for the crowd
    patches = maker.variant.clip.grid[0] * maker.variant.clip.grid[1]
    assert batch.object_patches.shape == (len(maker.picture_ids), most, patches)
    assert batch.targets.shape == (len(batch), most)
    for row, (image_id, pairs) in enumerate(zip(maker.picture_ids, drawn, strict=True)):
        sums = batch.object_patches[row].sum(1)
        ids = sorted(a for a in maker.objects[image_id] if not maker.dataset.annotations[a].iscrowd)
        torch.testing.assert_close(sums[: len(ids)], torch.ones(len(ids)))
        assert not sums[len(ids) :].any()
        rows = (batch.picture == row).nonzero().flatten().tolist()
        for own, (reference, _) in zip(rows, pairs, strict=True):
            meant = [ids[k] for k in batch.targets[own].nonzero().flatten().tolist()]
            assert meant == [a for a in ids if a in reference.ann_ids]


def test_validation_is_drawn_alike_whatever_training_prefers(maker: BatchMaker) -> None:
    before = maker.draw(maker.picture_ids, 2)
    maker.data = Data(kind_weights={"place": 0.0, "several": 9.0})
    assert maker.draw(maker.picture_ids, 2) == before


def test_prefetching_keeps_the_order_and_ends(maker: BatchMaker) -> None:
    def make(step: int, part: int) -> Batch:
        return maker.step((0, 0), step, STAGE, part, 1)

    for threads in (1, 2):
        batches = list(prefetched(make, ((step, 0) for step in range(2, 7)), ahead=3, threads=threads))
        assert len(batches) == 5
        for step, batch in zip(range(2, 7), batches, strict=True):
            assert torch.equal(batch.ids, maker.step((0, 0), step, STAGE).ids)


def test_shares_of_a_step_are_the_step(maker: BatchMaker) -> None:
    stage = Stage("x", 9, Losses(), pictures=2, sentences=2)
    whole = maker.step((0, 1), 3, stage)
    parts = [maker.step((0, 1), 3, stage, part, 2) for part in range(2)]
    assert torch.equal(whole.ids, torch.cat([part.ids for part in parts]))
    assert [part.total for part in parts] == [len(whole)] * 2 == [whole.total] * 2
    assert sum(part.weight for part in parts) == 1.0 == whole.weight
    assert whole.names == (*parts[0].names, *parts[1].names)


def test_thin_things_are_labelled_and_cells_know_their_objects_size(maker: BatchMaker) -> None:
    """A strip that covers a third of its cells, beside a block that fills its own."""
    covers = {11: np.zeros((60, 80), np.float32), 12: np.zeros((60, 80), np.float32)}
    covers[11][20:40, 20:40] = 1.0
    covers[12][0:20, 10:12] = 0.66
    covers[12][20:24, 20:22] = 0.66  # over the block, which covers more of the cell
    labels, cells = maker.labels.of_picture(maker.dataset, covers, maker.variant.sam_size)
    strip, block = (slice(0, 10), 5), (slice(10, 20), slice(10, 20))
    assert (labels["category"][strip] == 1).all() and (cells[strip] == 10).all()
    assert (labels["category"][block] == 1).all() and (cells[block] == 100).all()
    assert (labels["colour"][strip] == 0).all() and (labels["colour"][block] == -1).all()
    assert labels["category"][0, 0] == 0 and cells[0, 0] == 0


def test_a_batch_tells_what_sentences_mention_and_which_do_not_tell(maker: BatchMaker) -> None:
    pairs = [(r, s) for r in maker.by_picture[1] for s in r.sentences]
    ids = sorted(a for a in maker.objects[1] if not maker.dataset.annotations[a].iscrowd)
    told = replace(pairs[0][1], mentions=(tuple(ids), (ids[-1],), ()))
    batch = maker.make([1], [[(pairs[0][0], told), *pairs[1:3]]], with_objects=True)
    assert batch.mentions.shape == (3, 3, len(ids))
    last = [0.0] * (len(ids) - 1) + [1.0]
    assert batch.mentions[0].tolist() == [[1.0] * len(ids), last, [0.0] * len(ids)]
    assert batch.mentions[1:].isnan().all()
    raw = batch.object_patches * batch.object_areas[..., None]
    whole = maker.make([1], [pairs[:1]], with_objects=True).object_patches
    torch.testing.assert_close(whole.sum(-1), torch.ones(1, len(ids)))
    assert float(raw.max()) <= 1.0 and float(raw.sum()) == pytest.approx(float(batch.object_areas.sum()))
