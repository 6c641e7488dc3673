"""The merged set of box pre-training."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ssp_sam_training.data import load_dataset


@pytest.fixture
def root(tmp_path: Path, refer_files: SimpleNamespace, official: SimpleNamespace) -> Path:
    """RefCOCO with pictures 1 (train) and 9 (val); RefCOCO+ trains on 9; Visual Genome has COCO's 9, too."""
    a, r = refer_files.annotation, refer_files.reference
    content = refer_files.instances([a(11, 1, (1, 2, 3, 4)), a(91, 9, (1, 2, 3, 4))], [1, 9])
    unc = [r(1, 1, 11, ["mug", "a very red mug"], "train"), r(2, 9, 91, ["held out"], "val")]
    unc += [r(3, 1, 11, ["x"], "testA"), r(4, 1, 11, ["x"], "testB")]
    for reference in unc[2:]:
        reference["image_id"] = 5
    content["images"] += refer_files.instances([], [5])["images"]
    content["annotations"].append(a(51, 5, (1, 2, 3, 4)))
    for reference in unc[2:]:
        reference["ann_id"] = 51
    refer_files.write(tmp_path, "refcoco", "refs(unc).p", unc, content)
    plus = [r(1, 1, 11, ["plus mug"], "train"), r(2, 9, 91, ["plus held out"], "train")]
    plus += [dict(unc[2], split=split) for split in ("val", "testA", "testB")]
    refer_files.write(tmp_path, "refcoco+", "refs(unc).p", plus, content)
    official.visual_genome(tmp_path)
    official.flickr30k(tmp_path)
    return tmp_path


def test_held_out_pictures_are_in_no_part(root: Path) -> None:
    dataset = load_dataset("merged:refcoco,refcoco+,flickr30k,visual_genome", root, "train")
    texts = [s.text for sample in dataset for s in sample.sentences]
    assert texts == [
        "mug", "a very red mug", "plus mug", "A man", "The tall man", "a red hat", "the clock is green",
        "café sign",
    ]  # fmt: skip
    assert dataset[-1].dataset == "visual_genome" and dataset[1].dataset == "refcoco+"
    assert {p.identity for p in dataset.pictures()} == {"coco/1", "flickr30k/77", "visual_genome/1"}


def test_every_sentence_is_an_item(root: Path) -> None:
    dataset = load_dataset("merged:refcoco,visual_genome,flickr30k", root, "train")
    assert len(dataset) == 1 + 2 + 2
    items = dataset.items(longest=2)
    assert [dataset[i].sentences[k].text for i, k in items.tolist()] == ["mug", "café sign", "A man"]
    assert dataset.sentence_count == 7


def test_validation_and_unknown_parts(root: Path) -> None:
    val = load_dataset("merged:refcoco,visual_genome", root, "val")
    assert [sample.sentences[0].text for sample in val] == ["held out"]
    with pytest.raises(ValueError, match="no such part; it has: refcoco, refcoco"):
        load_dataset("merged:coco", root, "train")
    with pytest.raises(FileNotFoundError, match="refcocog"):
        load_dataset("merged", root, "train")
