"""Flickr30k Entities' official files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ssp_sam_training.data import DatasetError, load_dataset


def test_a_chain_with_boxes_is_a_sample(tmp_path: Path, official: SimpleNamespace) -> None:
    dataset = load_dataset("flickr30k", official.flickr30k(tmp_path), "train")
    man, hat = dataset  # the scene and what is not visual have no boxes
    assert [(s.text, s.kind) for s in man.sentences] == [("A man", "people"), ("The tall man", "people")]
    assert (man.ref_id, man.image_id) == (10, 77)
    assert man.targets[0].box == (10, 5, 20, 40)  # the file counts pixels from 1
    assert [s.text for s in hat.sentences] == ["a red hat"]
    np.testing.assert_array_equal(hat.boxes, [[0, 0, 5, 5], [40, 0, 10, 10]])
    np.testing.assert_array_equal(hat.box, [0, 0, 50, 10])
    assert dataset.items().tolist() == [[0, 0], [0, 1], [1, 0]]
    assert man.image().shape[:2] == man.picture.size == (60, 80)
    assert not man.has_mask
    with pytest.raises(DatasetError, match=r"flickr30k, reference 10.*boxes only"):
        man.mask()


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("Sentences/77.txt", "red hat]", "red hat", r"77\.txt: a phrase is not of the form"),
        ("Annotations/77.xml", "</annotation>", "", r"77\.xml is not whole XML"),
        ("Annotations/77.xml", "<xmin>41</xmin>", "", r"77\.xml, object 2: ValueError there is no xmin"),
        ("Annotations/77.xml", "<width>80</width>", "", r"77\.xml, size: ValueError there is no size/width"),
    ],
)
def test_damage_is_named(
    tmp_path: Path, official: SimpleNamespace, name: str, old: str, new: str, message: str
) -> None:
    path = official.flickr30k(tmp_path) / "flickr30k" / name
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=message):
        load_dataset("flickr30k", tmp_path, "train")


def test_a_missing_caption_file_is_named(tmp_path: Path, official: SimpleNamespace) -> None:
    (official.flickr30k(tmp_path) / "flickr30k" / "Sentences" / "77.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"Sentences/77\.txt is missing"):
        load_dataset("flickr30k", tmp_path, "train")
