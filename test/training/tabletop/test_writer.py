"""The written files are read back by the reader that serves real sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from ssp_sam_training.data.refer import load_refer
from ssp_sam_training.tabletop.writer import generalised_references, single_references, write_layout


def record(image_id: int, expressions: list[tuple[str, str, tuple[int, ...]]]) -> dict[str, Any]:
    mask = np.zeros((24, 32), np.uint8)
    mask[4:10, 5:20] = 1
    rle = coco_mask.encode(np.asfortranarray(mask))
    return {
        "image": {"id": image_id, "file_name": f"tabletop_{image_id}.jpg", "width": 32, "height": 24},
        "annotations": [
            {
                "id": image_id * 16 + k, "image_id": image_id, "category_id": k + 1, "iscrowd": 0,
                "bbox": [5, 4, 15, 6], "area": 90, "attributes": {"colour": "red", "size": "small"},
                "segmentation": {"size": [24, 32], "counts": rle["counts"].decode()},
            }
            for k in range(3)
        ],
        "expressions": expressions,
    }  # fmt: skip


RECORDS = [
    (
        "train",
        record(
            10,
            [
                ("the red mug", "attribute", (160,)),
                ("mug on the left", "place", (160,)),
                ("all red objects", "several", (160, 161, 162)),
                ("the blue mug", "absent", ()),
                ("the red can", "absent", ()),
            ],
        ),
    ),
    ("val", record(20, [("the red bowl", "attribute", (321,))])),
]


def test_one_reference_a_set_of_targets_and_one_for_every_absent_sentence() -> None:
    references = generalised_references(RECORDS)
    assert [r["ann_id"] for r in references] == [[160], [160, 161, 162], [-1], [-1], [321]]
    assert [r["category_id"] for r in references] == [[1], [1, 2, 3], [-1], [-1], [2]]
    assert [r["no_target"] for r in references] == [False, False, True, True, False]
    assert [r["split"] for r in references] == ["train"] * 4 + ["val"]
    assert [s["sent"] for s in references[0]["sentences"]] == ["the red mug", "mug on the left"]
    identifiers = [k for r in references for k in r["sent_ids"]]
    assert len(set(identifiers)) == len(identifiers) == 6


def test_refcoco_keeps_the_single_targets_only() -> None:
    singles = single_references(generalised_references(RECORDS))
    assert [(r["ref_id"], r["ann_id"], r["category_id"]) for r in singles] == [(0, 160, 1), (1, 321, 2)]
    assert all("no_target" not in r for r in singles)


@pytest.mark.parametrize(("dataset", "train"), [("grefcoco", 4), ("refcoco", 1)])
def test_the_reader_of_real_sets_reads_them(tmp_path: Path, dataset: str, train: int) -> None:
    counts = write_layout(tmp_path, RECORDS)
    assert counts["train"]["sentences"] == 5 and counts["train"]["kinds"]["absent"] == 2
    data = load_refer(tmp_path, dataset, split="train")
    assert len(data.references) == train
    first = data.references[0]
    assert first.ann_ids == (160,)
    assert [(s.text, s.kind) for s in first.sentences] == [
        ("the red mug", "attribute"),
        ("mug on the left", "place"),
    ]
    mask = data.mask(first)
    assert mask.sum() == 90 and mask[4:10, 5:20].all()
    assert data.annotations[160].attributes == {"colour": "red", "size": "small"}
    assert data.categories[1] == "mug"
