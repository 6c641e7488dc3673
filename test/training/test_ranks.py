"""The order of things as labels: what a rank is, and who has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ssp_sam_ros.network import SSPSAM, load_variant
from ssp_sam_training.batches import BatchMaker
from ssp_sam_training.config import Data, Losses
from ssp_sam_training.data import load_refer
from ssp_sam_training.data.refer_set import Annotation
from ssp_sam_training.heads import DenseHeads
from ssp_sam_training.labels import DenseLabels
from ssp_sam_training.ranks import SIDES, VALUES, rank_kind, ranks
from ssp_sam_training.step import loss_terms


def at(number: int, x: float, bottom: float, width: float = 10.0) -> Annotation:
    return Annotation(number, 1, 1, (x, bottom - 5.0, width, 5.0), None, False)


def test_objects_of_a_group_are_counted_from_every_side() -> None:
    things = [at(1, 50, 90), at(2, 10, 40), at(3, 0, 60, width=80)]  # the middles lie at 55, 15 and 40
    found = ranks(things, {"category": ["mug", "mug", "mug"]})
    sides = {side: [found[i][rank_kind("category", side)] for i in (1, 2, 3)] for side in SIDES}
    assert sides == {
        "left": ["3", "1", "2"],
        "right": ["1", "3", "2"],
        "back": ["3", "1", "2"],
        "front": ["1", "3", "2"],
    }


def test_what_is_alone_or_in_no_group_has_no_rank() -> None:
    things = [at(1, 0, 10), at(2, 20, 10), at(3, 40, 10)]
    found = ranks(things, {"category": ["mug", "bowl", "mug"], "colour": ["red", None, None]})
    assert found[2] == {}
    assert set(found[1]) == set(found[3]) == {rank_kind("category", side) for side in SIDES}


def test_beyond_the_last_value_all_are_the_last() -> None:
    found = ranks([at(i, 20.0 * i, 10) for i in range(6)], {"category": ["mug"] * 6})
    kind = rank_kind("category", "left")
    assert [found[i][kind] for i in range(6)] == ["1", "2", "3", "4", "4", "4"] and VALUES[-1] == "4"


def test_cells_show_the_rank_of_their_object(root: Path, variant: str) -> None:
    dataset = load_refer(root, "grefcoco", "train")
    labels = DenseLabels.of_dataset(dataset, with_ranks=True)
    assert labels.rank_kinds == {rank_kind(k, s) for k in ("category", "colour") for s in SIDES}
    plain = DenseLabels.of_dataset(dataset)
    assert not plain.rank_kinds and list(labels.values)[: len(plain.values)] == list(plain.values)
    maker = BatchMaker(dataset, load_variant(variant), Data(), labels)
    batch = maker.step((0, 0), 0, _stage(dense=1.0, dense_ranks=0.5))
    assert (batch.dense[rank_kind("colour", "left")] == -1).all(), "one thing of each colour"
    colours, left, right = (
        batch.dense[k] for k in ("colour", "category from the left", "category from the right")
    )
    red, blue = (colours == labels.values["colour"].index(colour) for colour in ("red", "blue"))
    assert red.any() and blue.any()
    assert (left[red] == 0).all() and (left[blue] == 1).all()
    assert (right[red] == 1).all() and (right[blue] == 0).all()
    assert (left[~red & ~blue] == -1).all()


def test_only_clips_patches_are_asked_and_by_their_weight(root: Path, variant: str) -> None:
    torch.manual_seed(0)
    dataset = load_refer(root, "grefcoco", "train")
    labels = DenseLabels.of_dataset(dataset, with_ranks=True)
    net = SSPSAM(load_variant(variant)).eval()
    heads = DenseHeads(net.variant, labels)
    batch = BatchMaker(dataset, net.variant, Data(), labels).step((0, 0), 0, _stage(dense=1.0))
    from_clip, from_sam = heads(net.encode_image(None, batch.sam))
    assert set(from_clip) - set(from_sam) == labels.rank_kinds
    with torch.no_grad():
        values = [
            float(loss_terms(net, heads, batch, Losses(dense=1.0, dense_ranks=w))["dense"]) for w in (0, 1, 2)
        ]
    assert values[0] < values[1]
    np.testing.assert_allclose(values[2] - values[1], values[1] - values[0], rtol=1e-4)


def _stage(**losses: float):  # type: ignore[no-untyped-def]
    from ssp_sam_training.config import Stage

    return Stage("dense", 1, Losses(**losses), pictures=3)
