"""Every set by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssp_sam_training.data import dataset_names, load_dataset, split_files, split_makers, split_names


def test_every_set_says_which_file_is_missing(tmp_path: Path) -> None:
    for name in dataset_names():
        for by in split_makers(name):
            with pytest.raises(FileNotFoundError, match="is missing"):
                load_dataset(name, tmp_path, "train" if name != "prepared:phrase_cut" else "test", by)


def test_splits_and_files(tmp_path: Path, grefcoco_root: Path) -> None:
    assert split_makers("refcocog") == ("umd", "google")
    assert split_names("refcoco", tmp_path) == ("train", "val", "testA", "testB")
    assert split_names("grefcoco", grefcoco_root) == ("train", "val")  # those in the file
    assert split_names("phrasecut", tmp_path) == ("train", "val", "miniv", "test")
    assert [p.name for p in split_files("refclef", tmp_path, "test")] == [
        "refs(berkeley).p",
        "instances.json",
    ]
    assert [p.name for p in split_files("phrasecut", tmp_path, "val_miniv")][::2] == [
        "refer_val.json",
        "refer_miniv.json",
    ]


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"unknown dataset 'coco'; known: refcoco, .*phrasecut.*prepared:merge"
    ):
        load_dataset("coco", tmp_path, "train")
    with pytest.raises(ValueError, match="refcoco has no splits by 'umd'; it has: unc, google"):
        split_names("refcoco", tmp_path, "umd")
    with pytest.raises(ValueError, match="one kind of splits only"):
        load_dataset("phrasecut", tmp_path, "val", "umd")
    with pytest.raises(ValueError, match="several sets"):
        load_dataset("merged", tmp_path, "train", image_folder=tmp_path)
