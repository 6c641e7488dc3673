"""PhraseCut's official files."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ssp_sam_training.data import DatasetError, load_dataset, split_names


def load(root: Path, split: str = "val") -> Any:
    return load_dataset("phrasecut", root, split, check_counts=False)


def test_a_task_is_a_sample(tmp_path: Path, official: SimpleNamespace) -> None:
    dataset = load(official.phrasecut(tmp_path))
    one, two = dataset
    assert (one.ref_id, one.image_id, one.target_count) == ("1__1", 1, 1)
    assert [(s.text, s.kind) for s in one.sentences] == [("white cup", "attribute")]
    assert one.picture.path == tmp_path / "images/VG/VG_100K_2/1.jpg"
    assert (one.picture.identity, one.picture.size) == ("coco/555", (60, 80))
    assert two.target_count == 2 and two.targets[0].category == "cup"
    np.testing.assert_array_equal(two.box, [5, 5, 51, 41])
    assert one.image().shape == (60, 80, 3)


def test_masks_follow_the_toolkit_borders_included(tmp_path: Path, official: SimpleNamespace) -> None:
    _, two = load(official.phrasecut(tmp_path))
    expected = np.zeros((2, 60, 80), bool)
    for number, (x, y) in enumerate([(5, 5), (40, 30)]):
        canvas = Image.new("L", (80, 60))
        points = [(x, y), (x + 10, y), (x + 10, y + 10), (x, y + 10)]
        ImageDraw.Draw(canvas).polygon(points, outline=1, fill=1)
        expected[number] = np.array(canvas) > 0
    np.testing.assert_array_equal(two.masks(), expected)
    assert two.masks()[0].sum() == 11 * 11
    np.testing.assert_array_equal(two.mask(), expected.any(axis=0))


def test_splits_join_and_unknown_ones_are_named(tmp_path: Path, official: SimpleNamespace) -> None:
    root = official.phrasecut(tmp_path)
    both = load(root, "val_test")
    assert [(s.split, s.image_id) for s in both] == [("val", 1), ("val", 1), ("test", 2)]
    assert [s.sentences[0].sent_id for s in both] == [0, 1, 2]
    with pytest.raises(ValueError, match="no split 'testA'; it has: train, val, miniv, test"):
        load(root, "testA")
    with pytest.raises(FileNotFoundError, match=r"refer_miniv\.json is missing"):
        load(root, "miniv")


def test_its_splits_are_those_whose_files_are_there(tmp_path: Path, official: SimpleNamespace) -> None:
    assert split_names("phrasecut", tmp_path) == ("train", "val", "miniv", "test")  # nothing there yet
    assert split_names("phrasecut", official.phrasecut(tmp_path)) == ("val", "test")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda task: task.pop("Polygons"), r"refer_val\.json, task 1__1: KeyError 'Polygons'"),
        (lambda task: task.update(Polygons=[]), "task 1__1: ValueError 1 instance_boxes, 0 Polygons"),
        (lambda task: task.update(image_id=8), "picture 8 is not in image_data_split"),
        (lambda task: task.update(instance_boxes=[[1, 2]]), "task 1__1: ValueError"),
    ],
)
def test_the_damaged_task_is_named(
    tmp_path: Path, official: SimpleNamespace, change: Any, message: str
) -> None:
    root = official.phrasecut(tmp_path)
    path = root / "phrasecut" / "refer_val.json"
    tasks = json.loads(path.read_text())
    change(tasks[0])
    path.write_text(json.dumps(tasks))
    with pytest.raises(DatasetError, match=message):
        load(root)
