"""Visual Genome's region descriptions."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ssp_sam_training.data import DatasetError, load_dataset
from ssp_sam_training.data.visual_genome import load_visual_genome


def test_a_region_is_a_sample_made_on_demand(tmp_path: Path, official: SimpleNamespace) -> None:
    dataset = load_dataset("visual_genome", official.visual_genome(tmp_path), "train")
    assert len(dataset) == dataset.sentence_count == 3
    assert [s.sentences[0].text for s in dataset] == ["the clock is green", "café sign", "a man"]
    assert dataset[-1] == dataset[2] and dataset[1:] == [dataset[1], dataset[2]]
    assert (dataset[1].ref_id, dataset[1].targets[0].box) == (5, (5, 2, 10, 20))
    assert dataset[0].picture.path == tmp_path / "images/VG/VG_100K/1.jpg"
    assert dataset[0].image().shape == (60, 80, 3)
    assert [p.identity for p in dataset.pictures()] == ["visual_genome/1", "coco/9"]
    np.testing.assert_array_equal(dataset.items(longest=2), [[1, 0], [2, 0]])
    with pytest.raises(IndexError):
        dataset[3]
    assert [s.ref_id for s in pickle.loads(pickle.dumps(dataset))] == [4, 5, 6]


def test_pictures_can_be_left_out(tmp_path: Path, official: SimpleNamespace) -> None:
    root = official.visual_genome(tmp_path)
    kept = load_visual_genome(root, keep=lambda picture: picture.coco_id is None)
    assert [s.ref_id for s in kept] == [4, 5]


def test_damage_is_named(tmp_path: Path, official: SimpleNamespace) -> None:
    path = official.visual_genome(tmp_path) / "visual_genome" / "region_descriptions.json"
    whole = path.read_text()
    path.write_text(whole[:-30])
    with pytest.raises(DatasetError, match=r"region_descriptions\.json is not whole JSON"):
        load_dataset("visual_genome", tmp_path, "train")
    entries = json.loads(whole)
    del entries[1]["regions"][0]["width"]
    path.write_text(json.dumps(entries))
    with pytest.raises(DatasetError, match="picture number 1: KeyError 'width'"):
        load_dataset("visual_genome", tmp_path, "train")
    path.write_text("{}")
    with pytest.raises(DatasetError, match="is not a JSON list"):
        load_dataset("visual_genome", tmp_path, "train")
    with pytest.raises(ValueError, match="no split 'val'"):
        load_dataset("visual_genome", tmp_path, "val")
