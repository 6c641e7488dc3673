"""What every reader hands out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ssp_sam_training.data import DatasetError, Picture, content_key, load_dataset, load_refer


def test_a_refer_set_gives_the_same_as_its_own_reader(grefcoco_root: Path) -> None:
    refer = load_refer(grefcoco_root, "grefcoco", "val", check_counts=False)
    dataset = load_dataset("grefcoco", grefcoco_root, "val", check_counts=False)
    assert len(dataset) == len(refer) and dataset.sentence_count == refer.sentence_count
    for sample, reference in zip(dataset, refer.references, strict=True):
        assert (sample.ref_id, sample.image_id, sample.split) == (reference.ref_id, reference.image_id, "val")
        assert sample.sentences == reference.sentences and sample.target_count == reference.target_count
        np.testing.assert_array_equal(sample.mask(), refer.mask(reference))
        np.testing.assert_array_equal(sample.box, refer.box(reference))
    np.testing.assert_array_equal(dataset[0].image(), refer.load_image(1))
    assert [p.id for p in dataset.pictures()] == [1]
    assert [len(group) for group in dataset.by_picture().values()] == [4]


def test_masks_are_one_a_target_without_crowds(grefcoco_root: Path) -> None:
    one, both, none, with_crowd = load_dataset("grefcoco", grefcoco_root, "val", check_counts=False)
    assert [len(s.masks()) for s in (one, both, none, with_crowd)] == [1, 2, 0, 1]
    assert none.masks().shape == (0, 60, 80) and not none.mask().any()
    assert both.boxes.tolist() == [[10, 10, 20, 10], [40, 30, 10, 20]]


def test_items_are_sentences_by_sample(grefcoco_root: Path) -> None:
    dataset = load_dataset("grefcoco", grefcoco_root, "val", check_counts=False)
    assert dataset.items().tolist() == [[0, 0], [0, 1], [1, 0], [2, 0], [3, 0]]
    assert dataset.items(longest=2).tolist() == [[0, 0], [1, 0]]


def test_a_picture_is_known_by_its_bytes(grefcoco_root: Path) -> None:
    (picture,) = load_dataset("grefcoco", grefcoco_root, "val", check_counts=False).pictures()
    assert picture.key == content_key(picture.path.read_bytes()) == content_key(picture.read())
    picture.path.write_bytes(picture.path.read_bytes() + b"\0")
    assert picture.key == content_key(picture.path.read_bytes())


def test_a_size_that_nobody_states_is_in_the_file(grefcoco_root: Path) -> None:
    path = grefcoco_root / "images/train2014/COCO_train2014_000000000001.jpg"
    assert Picture("coco", 1, path).size == (60, 80)
    with pytest.raises(FileNotFoundError, match="is missing"):
        _ = Picture("coco", 1, path.with_name("no.jpg")).size
    with pytest.raises(DatasetError, match=r"is 80x60 pixels, its set says 30x20"):
        Picture("coco", 1, path, (20, 30)).load()
    path.write_bytes(b"\xff\xd8")
    with pytest.raises(DatasetError, match="cannot be decoded"):
        Picture("coco", 1, path, (60, 80)).load()
