"""Anybody's masks: what a file may say, and what is said about a wrong one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ssp_sam_training.data import Dataset, load_dataset
from ssp_sam_training.evaluation import PredictionFile, RecordError, read_records, summarise
from ssp_sam_training.evaluation.records import encode_mask


@pytest.fixture
def dataset(grefcoco_root: Path) -> Dataset:
    return load_dataset("grefcoco", grefcoco_root, "val", check_counts=False)


@pytest.fixture
def truths(dataset: Dataset) -> dict[int, np.ndarray]:
    return {sentence.sent_id: sample.mask() for sample in dataset for sentence in sample.sentences}


def write(path: Path, lines: list[Any]) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n\n")
    return path


def perfect(truths: dict[int, np.ndarray]) -> list[dict[str, Any]]:
    return [{"sent_id": sent_id, "mask": encode_mask(mask)} for sent_id, mask in truths.items()]


def test_the_truth_scores_full_marks(dataset: Dataset, truths: dict[int, np.ndarray], tmp_path: Path) -> None:
    records = list(PredictionFile(write(tmp_path / "p.jsonl", perfect(truths)), dataset).score(paper=True))
    assert [record.gres.iou for record in records] == [1.0] * 5
    assert [record.outcome for record in records] == ["FOUND"] * 3 + ["NO_TARGET", "FOUND"]
    everything = summarise(records)[0]
    assert everything.gres.n_acc == everything.gres.t_acc == 1.0
    assert everything.paper is not None and 0.8 < everything.paper.giou < 1  # its truth is dilated
    assert np.isnan(everything.box_accuracy)  # the file has no boxes


def test_forms_of_masks_and_optional_entries(
    dataset: Dataset, truths: dict[int, np.ndarray], tmp_path: Path
) -> None:
    lines = perfect(truths)
    column_major = truths[10].flatten(order="F").astype(int)
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[-1], column_major, [-1]]))))
    lines[0]["mask"] = {"size": [60, 80], "counts": runs.tolist()}
    lines[1]["mask"] = [[10.0, 10.0, 30.0, 10.0, 30.0, 20.0, 10.0, 20.0]]
    lines[2] |= {"outcome": "NO_TARGET", "no_target_probability": 0.7, "network_box": [10, 10, 30, 20]}
    lines[3] = {"sent_id": 30, "mask": None, "outcome": "NO_TARGET"}
    lines[4] = {"sent_id": 40, "mask": None, "outcome": "FAILED", "reason": "no idea", "extra": [1]}
    right, polygon, denied, absent, failed = PredictionFile(
        write(tmp_path / "p.jsonl", lines), dataset
    ).score()
    assert (right.gres.iou, polygon.gres.iou, denied.gres.iou, absent.gres.iou, failed.gres.iou) == (
        1, 1, 0, 1, 0,
    )  # fmt: skip
    assert denied.no_target_probability == 0.7 and denied.network_box == (10, 10, 30, 20)
    assert (right.box_hit, denied.box_hit, failed.box_hit) == (None, False, False)
    assert (failed.mask, failed.reason) == (None, "no idea")


def test_an_evaluations_own_records_score_the_same(
    dataset: Dataset, truths: dict[int, np.ndarray], tmp_path: Path
) -> None:
    lines = perfect(truths)
    lines[2] |= {"outcome": "NO_TARGET", "no_target_probability": 0.7, "network_box": [10, 10, 30, 20]}
    lines[4] = {"sent_id": 40, "mask": None, "outcome": "FAILED", "reason": "no idea"}
    first = list(PredictionFile(write(tmp_path / "p.jsonl", lines), dataset).score(paper=True))
    path = write(tmp_path / "samples.jsonl", [record.to_json() for record in first])
    again = list(PredictionFile(path, dataset).score(paper=True))
    assert [record.to_json() for record in again] == [record.to_json() for record in first]
    assert [record.to_json() for record in read_records(path)] == [record.to_json() for record in first]


def test_what_is_missing_is_an_error_or_empty(
    dataset: Dataset, truths: dict[int, np.ndarray], tmp_path: Path
) -> None:
    path = write(tmp_path / "p.jsonl", perfect(truths)[2:])
    with pytest.raises(
        RecordError, match=r"answers 3 of 5 sentences .* sent_id 10 is missing.*--missing empty"
    ):
        PredictionFile(path, dataset)
    records = list(PredictionFile(path, dataset, missing_is_empty=True).score())
    assert [record.gres.iou for record in records] == [0, 0, 1, 1, 1]
    assert records[0].outcome == "NO_TARGET"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1 is not JSON"),
        ("[1]", "line 1 is list, not a JSON object"),
        ({"mask": None}, "line 1 has no number 'sent_id'"),
        ({"sent_id": 10}, "line 1 has no 'mask'"),
        ({"sent_id": 99, "mask": None, "outcome": "FAILED"}, r"val does not have, .* \(sent_id 99\)"),
        ({"sent_id": 11, "mask": None, "outcome": "FAILED"}, "sent_id 11 was answered in line 1"),
        ({"sent_id": 10, "mask": None}, "line 1: mask is null, which says nothing"),
        ({"sent_id": 10, "mask": None, "outcome": "MAYBE"}, "outcome is 'MAYBE'"),
        ({"sent_id": 10, "mask": {"size": [1, 2], "counts": [2]}}, r"the run lengths are for .* \[1, 2\]"),
        ({"sent_id": 10, "mask": "abc"}, "line 1: a segmentation is"),
        ({"sent_id": 10, "mask": [], "score": 2}, "score is 2: a number, 0 to 1"),
        ({"sent_id": 10, "mask": [], "network_box": [1, 2]}, r"network_box is \[1, 2\]"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(
    dataset: Dataset, truths: dict[int, np.ndarray], tmp_path: Path, line: Any, message: str
) -> None:
    others = perfect({sent_id: mask for sent_id, mask in truths.items() if sent_id != 10})
    path = write(tmp_path / "p.jsonl", [line, *others])
    with pytest.raises(RecordError, match=message):
        list(PredictionFile(path, dataset).score())


def test_a_sentence_number_used_twice_wants_the_reference(
    tmp_path: Path, refer_files: Any, truths: dict[int, np.ndarray]
) -> None:
    f = refer_files
    references = [f.reference(1, 1, [11], ["left"]), f.reference(2, 1, [12], ["right"])]
    references[1]["sentences"][0]["sent_id"] = 10
    content = f.instances([f.annotation(11, 1, (0, 0, 20, 20)), f.annotation(12, 1, (40, 0, 20, 20))], [1])
    root = f.write(tmp_path / "twice", "grefcoco", "grefs(unc).json", references, content)
    dataset = load_dataset("grefcoco", root, "val", check_counts=False)
    lines = [
        {"ref_id": sample.ref_id, "sent_id": 10, "mask": encode_mask(sample.mask())} for sample in dataset
    ]
    records = list(PredictionFile(write(tmp_path / "p.jsonl", lines[::-1]), dataset).score())
    assert [(record.ref_id, record.gres.iou) for record in records] == [(1, 1.0), (2, 1.0)]
    del lines[0]["ref_id"]
    with pytest.raises(RecordError, match="sent_id 10 belongs to several references, add 'ref_id'"):
        PredictionFile(write(tmp_path / "p.jsonl", lines), dataset)


def test_a_file_that_is_not_there(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"p\.jsonl is missing"):
        PredictionFile(tmp_path / "p.jsonl", dataset)
