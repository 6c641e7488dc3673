"""Your own pictures: COCO instances and lines of expressions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ssp_sam_training.data import DatasetError, load_dataset, split_names

LINES: list[dict[str, Any]] = [
    {"image_id": 1, "ann_ids": [11], "expressions": ["the red mug", "left mug"], "split": "train"},
    {"image_id": 1, "ann_ids": [], "expressions": ["the spoon"], "split": "train", "kind": "absent"},
    {"image_id": 2, "ann_ids": [21, 22], "expressions": ["both"], "split": "val"},
]


@pytest.fixture
def root(tmp_path: Path, refer_files: SimpleNamespace, official: SimpleNamespace) -> Path:
    boxes = {11: (1, 10, 10, 20, 10), 21: (2, 0, 0, 5, 5), 22: (2, 30, 30, 10, 10)}
    annotations = [refer_files.annotation(k, i, tuple(box)) for k, (i, *box) in boxes.items()]
    content = refer_files.instances(annotations, [1, 2])
    official.dump(tmp_path / "instances.json", content)
    for image in content["images"]:
        official.picture(tmp_path / "images" / image["file_name"], image["id"])
    write(tmp_path, LINES)
    return tmp_path


def write(root: Path, lines: list[Any]) -> None:
    (root / "expressions.jsonl").write_text("".join(json.dumps(line) + "\n\n" for line in lines))


def test_lines_become_samples(root: Path) -> None:
    assert split_names("custom", root) == ("train", "val")
    mug, none = load_dataset("custom", root, "train")
    assert [s.text for s in mug.sentences] == ["the red mug", "left mug"]
    assert (mug.targets[0].category, mug.picture.identity) == ("mug", "custom/1")
    assert mug.mask().sum() == 200 and mug.image().shape == (60, 80, 3)
    assert none.no_target and none.sentences[0].kind == "absent"
    (both,) = load_dataset("custom", root, "val")
    np.testing.assert_array_equal(both.box, [0, 0, 40, 40])
    assert both.masks().shape == (2, 60, 80)


def test_the_example_of_the_page(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "datasets.md").read_text("utf-8")
    lines, instances = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (tmp_path / "expressions.jsonl").write_text(lines)
    (tmp_path / "instances.json").write_text(instances)
    one, both, none = load_dataset("custom", tmp_path, "train")
    assert [sample.mask().sum() for sample in (one, both, none)] == [2000, 4000, 0]
    assert both.box.tolist() == [10, 20, 130, 60] and none.sentences[0].kind == "absent"


def test_a_set_below_the_root(root: Path) -> None:
    assert len(load_dataset(f"custom:{root.name}", root.parent, "train")) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_id": 9}, r"expressions\.jsonl, line 1: ValueError picture 9 is not in instances\.json"),
        ({"ann_ids": [21]}, "line 1: ValueError object 21 is not among those of picture 1"),
        ({"ann_ids": 11}, "ann_ids is a list"),
        ({"expressions": []}, "expressions is a list of one or more"),
        ({"expressions": ["mug", " "]}, "texts that are not empty"),
        ({"expression": "mug"}, "unknown keys expression; known: ann_ids, expressions"),
    ],
)
def test_the_damaged_line_is_named(root: Path, change: dict[str, Any], message: str) -> None:
    write(root, [LINES[0] | change, *LINES[1:]])
    with pytest.raises(DatasetError, match=message):
        load_dataset("custom", root, "train")


def test_what_is_missing_is_named(root: Path) -> None:
    write(root, [{k: v for k, v in LINES[0].items() if k != "split"}])
    with pytest.raises(DatasetError, match="line 1: ValueError split missing"):
        load_dataset("custom", root, "train")
    (root / "expressions.jsonl").write_text("{\n")
    with pytest.raises(DatasetError, match="line 1: not JSON"):
        load_dataset("custom", root, "train")
    write(root, LINES)
    with pytest.raises(ValueError, match="no split 'test'; it has: train, val"):
        load_dataset("custom", root, "test")
