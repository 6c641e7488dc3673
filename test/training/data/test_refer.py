"""Sets in the REFER layout: what is read, and what is said when a file is not as it should be."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from ssp_sam_training.data import DatasetError, ReferDataset, load_dataset, load_refer, refer_names


def load(root: Path, **options: Any) -> ReferDataset:
    return load_refer(root, **{"dataset": "grefcoco", "split": "val", "check_counts": False} | options)


def edit(path: Path, change: Any) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_one_split_with_its_pictures_and_objects(grefcoco_root: Path) -> None:
    dataset = load(grefcoco_root)
    assert [r.ref_id for r in dataset.references] == [1, 2, 3, 4]
    assert [r.ann_ids for r in dataset.references] == [(11,), (11, 12), (), (12, 13)]
    assert [r.no_target for r in dataset.references] == [False, False, True, False]
    assert dataset.sentence_count == 5
    assert [(s.text, s.sent_id, s.kind) for s in dataset.references[0].sentences] == [
        ("left mug", 10, "place"),
        ("the mug on the left", 11, "place"),
    ]
    assert dataset.references[3].sentences[0].kind is None
    assert set(dataset.images) == {1}
    assert set(dataset.annotations) == {11, 12, 13}
    assert dataset.annotations[12].attributes == {"colour": "red"}
    assert dataset.annotations[11].bbox == (10, 10, 20, 10)
    assert dataset.categories == {1: "mug"}
    assert {i: len(group) for i, group in dataset.references_by_image().items()} == {1: 4}


def test_masks_merge_all_targets_and_skip_crowds(grefcoco_root: Path) -> None:
    dataset = load(grefcoco_root)
    one, both, none, with_crowd = (dataset.mask(r) for r in dataset.references)
    expected = np.zeros((60, 80), bool)
    expected[10:20, 10:30] = True
    np.testing.assert_array_equal(one, expected)
    np.testing.assert_array_equal(one, dataset.annotation_mask(11))
    expected[30:50, 40:50] = True
    np.testing.assert_array_equal(both, expected)
    assert none.shape == (60, 80) and none.dtype == np.bool_ and not none.any()
    np.testing.assert_array_equal(with_crowd, dataset.annotation_mask(12))


def test_boxes_are_the_union_and_zero_without_target(grefcoco_root: Path) -> None:
    dataset = load(grefcoco_root)
    boxes = [dataset.box(r).tolist() for r in dataset.references]
    assert boxes == [[10, 10, 30, 20], [10, 10, 50, 50], [0, 0, 0, 0], [0, 0, 80, 60]]


def test_pickled_single_targets(tmp_path: Path, refer_files: SimpleNamespace) -> None:
    references = [refer_files.reference(1, 1, 11, ["left mug"]), refer_files.reference(2, 1, -1, ["nothing"])]
    content = refer_files.instances([refer_files.annotation(11, 1, (1, 2, 3, 4))], [1, 2])
    root = refer_files.write(tmp_path, "refcoco+", "refs(unc).p", references, content)
    dataset = load(root, dataset="refcoco+")
    assert [r.ann_ids for r in dataset.references] == [(11,), ()]


def test_pictures_are_rgb_as_stored(grefcoco_root: Path) -> None:
    dataset = load(grefcoco_root)
    path = dataset.image_path(1)
    # COCO's masks are drawn on the stored rows: a rotation flag must not turn the picture.
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = Image.fromarray(np.tile(np.arange(80, dtype=np.uint8), (60, 1)))
    grey.save(path, exif=exif)
    pixels = dataset.load_image(1)
    assert pixels.shape == (60, 80, 3) and pixels.dtype == np.uint8
    assert pixels[0, -1, 0] > pixels[0, 0, 0] + 60


def test_pictures_elsewhere(grefcoco_root: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    (grefcoco_root / "images" / "train2014").rename(other)
    assert load(grefcoco_root, image_folder=other).load_image(1).shape == (60, 80, 3)
    with pytest.raises(FileNotFoundError, match=r"000000000001\.jpg is missing: put the pictures"):
        load(grefcoco_root).load_image(1)


def test_damaged_and_resized_pictures_are_named(grefcoco_root: Path) -> None:
    dataset = load(grefcoco_root)
    Image.new("RGB", (40, 60)).save(dataset.image_path(1))
    with pytest.raises(DatasetError, match=r"1\.jpg is 40x60 pixels, instances\.json says 80x60"):
        dataset.load_image(1)
    dataset.image_path(1).write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DatasetError, match=r"1\.jpg cannot be decoded"):
        dataset.load_image(1)


def test_unknown_names_list_the_known_ones(grefcoco_root: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown dataset 'refcoco2'; known: refcoco, refcoco\+, refcocog"):
        load(grefcoco_root, dataset="refcoco2")
    with pytest.raises(ValueError, match=r"no split 'testA'; it has: train, val"):
        load(grefcoco_root, split="testA")
    with pytest.raises(FileNotFoundError, match=r"there are: grefs\(unc\)\.json"):
        load(grefcoco_root, split_by="umd")
    with pytest.raises(FileNotFoundError, match="put the set's files there"):
        load(grefcoco_root, dataset="refcocog")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "grefs(unc).json",
            lambda refs: refs[1].pop("ann_id"),
            r"grefs\(unc\)\.json, reference 2: KeyError 'ann_id'",
        ),
        ("grefs(unc).json", lambda refs: refs[1].update(ann_id=["x"]), "reference 2: ValueError"),
        (
            "grefs(unc).json",
            lambda refs: refs[1].update(image_id=9),
            "reference 2: picture 9 is not in .*instances",
        ),
        (
            "grefs(unc).json",
            lambda refs: refs[1].update(ann_id=[11, 21]),
            "object 21 is not among those of picture 1",
        ),
        ("grefs(unc).json", lambda refs: refs.append(3), "not a list of references"),
        ("instances.json", lambda all_: all_.pop("images"), r"instances\.json.*KeyError 'images'"),
        (
            "instances.json",
            lambda all_: all_["annotations"][1].pop("bbox"),
            "annotations, entry 12: KeyError 'bbox'",
        ),
        (
            "instances.json",
            lambda all_: all_["annotations"][1].update(bbox=[1, 2]),
            "annotations, entry 12: ValueError",
        ),
    ],
)
def test_the_damaged_entry_is_named(grefcoco_root: Path, name: str, change: Any, message: str) -> None:
    edit(grefcoco_root / "grefcoco" / name, change)
    with pytest.raises(DatasetError, match=message):
        load(grefcoco_root)


def test_half_a_file_is_named(grefcoco_root: Path) -> None:
    path = grefcoco_root / "grefcoco" / "instances.json"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DatasetError, match=r"instances\.json is not whole JSON"):
        load(grefcoco_root)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"instances\.json is missing"):
        load(grefcoco_root)


def test_a_damaged_segmentation_names_its_annotation(grefcoco_root: Path) -> None:
    edit(
        grefcoco_root / "grefcoco" / "instances.json",
        lambda all_: all_["annotations"][0].update(segmentation=[[1, 2, 3]]),
    )
    dataset = load(grefcoco_root)
    with pytest.raises(DatasetError, match="grefcoco, annotation 11: a polygon has x and y"):
        dataset.mask(dataset.references[0])


def test_another_size_than_published_is_one_warning_line(
    grefcoco_root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        load(grefcoco_root, check_counts=True)
    (line,) = caplog.messages
    assert "grefcoco (unc) differs from the published set: 6 sentences instead of 278,232" in line
    assert "2 multi target sentences instead of 80,022, 1 no target sentences instead of 32,202" in line


def test_a_split_is_compared_too(
    tmp_path: Path, refer_files: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    content = refer_files.instances([refer_files.annotation(11, 1, (1, 2, 3, 4))], [1])
    references = [refer_files.reference(1, 1, 11, ["mug"])]
    root = refer_files.write(tmp_path, "refcoco", "refs(unc).p", references, content)
    with caplog.at_level(logging.WARNING):
        load(root, dataset="refcoco", check_counts=True)
    assert "refcoco (unc) val differs from the published set: 1 references instead of 3,811" in caplog.text


def test_a_dataset_travels_to_another_process(grefcoco_root: Path) -> None:
    dataset = load(grefcoco_root)
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy == dataset


def test_every_known_set_has_a_layout(tmp_path: Path) -> None:
    for name in refer_names():
        with pytest.raises(FileNotFoundError, match=r"\.json or \.p is missing"):
            load_refer(tmp_path, name)


@pytest.mark.parametrize("dataset", ["refcoco", "grefcoco"])
def test_real_photographs_have_masks_inside_their_boxes(miniref: Path, dataset: str) -> None:
    loaded = load_refer(miniref, dataset, "val", check_counts=False)
    assert loaded.references
    for entry in loaded.references:
        mask, box = loaded.mask(entry), loaded.box(entry)
        assert mask.any() == (not entry.no_target)
        rows, columns = np.nonzero(mask)
        if len(rows):
            # Polygons and boxes are drawn to a fraction of a pixel; crowds count for the box alone.
            assert columns.min() >= box[0] - 1 and rows.min() >= box[1] - 1
            assert columns.max() <= box[2] + 1 and rows.max() <= box[3] + 1
    image_id = loaded.references[0].image_id
    assert loaded.load_image(image_id).shape == (*loaded.mask(loaded.references[0]).shape, 3)


def test_referit_has_run_lengths_and_pictures_of_its_own(
    tmp_path: Path, refer_files: SimpleNamespace
) -> None:
    mask = np.zeros((60, 80), bool)
    mask[10:20, 10:30] = True
    runs = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    segmentation = [{"size": runs["size"], "counts": runs["counts"].decode()}]
    content = refer_files.instances(
        [refer_files.annotation(11, 1, (10, 10, 20, 10), segmentation=segmentation)], [1]
    )
    references = [refer_files.reference(1, 1, 11, ["sky"], "test")]
    root = refer_files.write(tmp_path, "refclef", "refs(berkeley).p", references, content)
    (root / "images" / "train2014").rename(root / "images" / "saiapr_tc-12")
    (sample,) = load_dataset("refclef", root, "test", check_counts=False)
    np.testing.assert_array_equal(sample.mask(), mask)
    assert sample.picture.identity == "saiapr/1" and sample.image().shape == (60, 80, 3)


def test_makers_of_splits_have_files_of_their_own(tmp_path: Path, refer_files: SimpleNamespace) -> None:
    content = refer_files.instances([refer_files.annotation(11, 1, (1, 2, 3, 4))], [1])
    for by, text in (("umd", "a"), ("google", "b")):
        references = [refer_files.reference(1, 1, 11, [text])]
        refer_files.write(tmp_path, "refcocog", f"refs({by}).p", references, content)
    for by, text in ((None, "a"), ("umd", "a"), ("google", "b")):
        (sample,) = load_dataset("refcocog", tmp_path, "val", by, check_counts=False)
        assert sample.sentences[0].text == text


def test_the_pickled_grefcoco(tmp_path: Path, refer_files: SimpleNamespace) -> None:
    content = refer_files.instances([refer_files.annotation(k, 1, (k, 2, 3, 4)) for k in (11, 12)], [1])
    references = [
        refer_files.reference(1, 1, [11, 12], ["both"]), refer_files.reference(2, 1, [-1], ["none"])
    ]  # fmt: skip
    refer_files.write(tmp_path, "grefcoco", "grefs(unc).p", references, content)
    both, none = load_dataset("grefcoco", tmp_path, "val", check_counts=False)
    assert (both.target_count, none.no_target) == (2, True)
