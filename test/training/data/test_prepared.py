"""The authors' prepared annotations."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ssp_sam_training.data import DatasetError, load_dataset

NAME = "COCO_train2014_000000000005.jpg"


def mask(rows: slice, columns: slice) -> np.ndarray:
    out = np.zeros((60, 80), np.uint8)
    out[rows, columns] = 1
    return out


def entry(mask_id: object, bbox: list[float], refs: list[str], **extra: Any) -> dict[str, Any]:
    return {"iid": 5, "bbox": bbox, "cat_id": 1, "refs": refs, "mask_id": mask_id} | extra


def test_boxes_and_masks_of_refcoco(tmp_path: Path, official: SimpleNamespace) -> None:
    official.picture(tmp_path / "images/train2014" / NAME)
    box = [10, 5, 20, 10]
    content = {
        "train": [entry(3, box, ["left mug", "mug"])],
        "val": [entry(4, box, ["a"]), entry(4, box, ["b"]), entry(6, box, ["c"])],
    }
    masks = {f"refcoco/{i}.npy": mask(slice(5, 15), slice(10, 30)) * i for i in (3, 4, 6)}
    official.prepared(tmp_path, "refcoco", content, masks)
    (one,) = load_dataset("prepared:refcoco", tmp_path, "train", check_counts=False)
    assert (one.ref_id, one.picture.path.name, one.picture.identity) == (3, NAME, "coco/5")
    np.testing.assert_array_equal(one.box, [10, 5, 30, 15])
    np.testing.assert_array_equal(one.mask(), masks["refcoco/3.npy"] > 0)
    # Validation lists the sentences one by one.
    val = load_dataset("prepared:refcoco", tmp_path, "val", check_counts=False)
    assert [[s.text for s in sample.sentences] for sample in val] == [["a", "b"], ["c"]]
    assert [s.sent_id for sample in val for s in sample.sentences] == [0, 1, 2]


def test_grefcoco_has_corners_and_no_target_is_a_zero_box(tmp_path: Path, official: SimpleNamespace) -> None:
    official.picture(tmp_path / "images/train2014" / NAME)
    content = {
        "train": [
            entry(1, [10, 5, 30, 15], ["both"], cat_id=[1, 1]),
            entry(2, [0, 0, 0, 0], ["none"], cat_id=[-1]),
        ]
    }
    masks = {"grefcoco/1.npy": mask(slice(5, 15), slice(10, 30)), "grefcoco/2.npy": np.zeros((60, 80))}
    official.prepared(tmp_path, "grefcoco", content, masks)
    both, none = load_dataset("prepared:grefcoco", tmp_path, "train", check_counts=False)
    np.testing.assert_array_equal(both.boxes, [[10, 5, 20, 10]])
    assert both.target_count == 2 and both.mask().sum() == 200
    assert none.no_target and not none.mask().any()
    np.testing.assert_array_equal(none.box, np.zeros(4))


def test_merge_finds_the_pictures_of_four_collections(tmp_path: Path, official: SimpleNamespace) -> None:
    entries = [
        {"iid": iid, "bbox": [1, 2, 11, 22], "refs": ["thing"], "data_source": source}
        for iid, source in (("5.jpg", "coco"), ("77.jpg", "flickr"), ("8.jpg", "vg"), ("9.jpg", "referit"))
    ]
    official.prepared(tmp_path, "merge", {"train": entries}, {})
    samples = list(load_dataset("prepared:merge", tmp_path, "train"))
    assert [s.picture.identity for s in samples] == ["coco/5", "flickr30k/77", "visual_genome/8", "saiapr/9"]
    assert [s.picture.path.name for s in samples] == [NAME, "77.jpg", "8.jpg", "9.jpg"]
    assert all(s.boxes.tolist() == [[1, 2, 10, 20]] and not s.has_mask for s in samples)


def test_phrase_cut_has_folders_and_task_ids(tmp_path: Path, official: SimpleNamespace) -> None:
    official.picture(tmp_path / "images/VG/VG_100K/8.jpg")
    one = entry("8_1", [1, 2, 11, 22], ["cup"], iid=8, img_folder="VG_100K", task_id="8__1", task_i=0)
    masks = {"phrase_cut_mask/8_1.npy": mask(slice(2, 22), slice(1, 11))}
    official.prepared(tmp_path, "phrase_cut", {"test": [one]}, masks)
    (sample,) = load_dataset("prepared:phrase_cut", tmp_path, "test", check_counts=False)
    assert sample.ref_id == "8__1" and sample.image().shape == (60, 80, 3)
    assert sample.mask().sum() == 200


def test_damage_is_named(tmp_path: Path, official: SimpleNamespace) -> None:
    official.picture(tmp_path / "images/train2014" / NAME)
    small = {"refcoco/3.npy": np.zeros((5, 5))}
    content = {"train": [entry(3, [1, 1, 4, 4], ["mug"]), entry(4, [1, 1, 4, 4], ["mug"])]}
    official.prepared(tmp_path, "refcoco", content, small)
    first, second = load_dataset("prepared:refcoco", tmp_path, "train")
    with pytest.raises(DatasetError, match=r"3\.npy is an array of \(5, 5\), the picture is"):
        first.mask()
    with pytest.raises(FileNotFoundError, match=r"4\.npy is missing"):
        second.mask()
    (tmp_path / "masks/refcoco/3.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DatasetError, match=r"3\.npy is not a plain"):
        first.mask()
    with pytest.raises(ValueError, match="no split 'testA'; it has: train"):
        load_dataset("prepared:refcoco", tmp_path, "testA")
    del content["train"][1]["bbox"]
    official.prepared(tmp_path, "refcoco", content, {})
    with pytest.raises(DatasetError, match=r"refcoco\.json, split train, entry 1: KeyError 'bbox'"):
        load_dataset("prepared:refcoco", tmp_path, "train")


def test_a_mask_file_is_never_unpickled(tmp_path: Path, official: SimpleNamespace) -> None:
    official.picture(tmp_path / "images/train2014" / NAME)
    official.prepared(tmp_path, "refcoco", {"train": [entry(3, [1, 1, 4, 4], ["mug"])]}, {})
    path = tmp_path / "masks/refcoco/3.npy"
    path.parent.mkdir(parents=True)
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    (sample,) = load_dataset("prepared:refcoco", tmp_path, "train")
    with pytest.raises(DatasetError, match="is not a plain"):
        sample.mask()
