"""The evaluator's bookkeeping, with models whose answers are known."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from ssp_sam_training.data import Dataset, load_dataset
from ssp_sam_training.evaluation import (
    Prediction,
    SampleRecord,
    choose_failures,
    choose_successes,
    contact_sheet,
    evaluate,
    gres_table,
    paper_table,
    summarise,
)
from ssp_sam_training.metrics import letterbox_truth

EMPTY = np.zeros((60, 80), bool)


@pytest.fixture
def dataset(grefcoco_root: Path) -> Dataset:
    return load_dataset("grefcoco", grefcoco_root, "val", check_counts=False)


def found(mask: np.ndarray, box: tuple[float, float, float, float] = (0, 0, 0, 0)) -> Prediction:
    return Prediction("FOUND", mask, "", 0.9, 0.01, box, letterbox_truth(mask))


def no_target(raw: np.ndarray) -> Prediction:
    return Prediction("NO_TARGET", raw, "", no_target_probability=0.8, letterbox_mask=letterbox_truth(raw))


@dataclass
class Scripted:
    """Answers by sentence, and remembers what it was asked."""

    answers: dict[str, Prediction]
    letterbox_input: tuple[int, int] = (1024, 1024)
    calls: list[tuple[tuple[int, ...], list[str], bool]] = field(default_factory=list)

    def predict(self, image: np.ndarray, sentences: Sequence[str], letterbox: bool) -> list[Prediction]:
        self.calls.append((image.shape, list(sentences), letterbox))
        return [self.answers[sentence] for sentence in sentences]


@pytest.fixture
def model(dataset: Dataset) -> Scripted:
    left, both, _, _ = (sample.mask() for sample in dataset)
    half = left.copy()
    half[:, 20:] = False
    return Scripted(
        {
            "left mug": found(left, (10, 10, 30, 20)),
            "the mug on the left": found(half, (10, 10, 20, 19)),
            "both mugs": no_target(both),
            "the blue plate": no_target(EMPTY),
            "all the zebras": Prediction("FAILED", None, "unknown word: zebras"),
        }
    )


def test_each_picture_is_asked_once_with_all_its_sentences(dataset: Dataset, model: Scripted) -> None:
    records = list(evaluate(model, dataset))
    assert model.calls == [
        (
            (60, 80, 3),
            ["left mug", "the mug on the left", "both mugs", "the blue plate", "all the zebras"],
            False,
        )
    ]
    assert [(r.ref_id, r.sent_id, r.kind, r.targets) for r in records] == [
        (1, 10, "place", 1),
        (1, 11, "place", 1),
        (2, 20, "several", 2),
        (3, 30, "absent", 0),
        (4, 40, None, 2),
    ]


def test_scores_follow_the_protocols(dataset: Dataset, model: Scripted) -> None:
    right, half, denied, absent, failed = evaluate(model, dataset, paper=True)
    assert (right.gres.iou, half.gres.iou, denied.gres.iou, absent.gres.iou, failed.gres.iou) == (
        1,
        0.5,
        0,
        1,
        0,
    )
    # Where the model denies a target its raw mask still counts in the union; here it is the truth itself.
    assert (denied.gres.intersection, denied.gres.union, denied.gres.predicted_empty) == (0, 400, True)
    assert (failed.gres.union, failed.gres.predicted_empty, failed.mask) == (200, True, None)
    assert [r.box_hit for r in (right, half, denied, absent, failed)] == [True, False, False, True, False]
    # Protocol A has no rule for a denied target: the mask alone counts.
    assert [r.paper and r.paper.iou for r in (right, denied, absent, failed)] == [1, 1, 1, 0]


def test_rows_are_all_kinds_and_target_numbers(dataset: Dataset, model: Scripted) -> None:
    groups = {group.name: group for group in summarise(list(evaluate(model, dataset)))}
    assert list(groups) == ["all", "absent", "place", "several", "no target", "one target", "several targets"]
    everything = groups["all"]
    assert (everything.sentences, everything.pictures, everything.failed) == (5, 1, 1)
    assert everything.gres.giou == pytest.approx(2.5 / 5)
    assert everything.gres.t_acc == pytest.approx(2 / 4)
    assert everything.gres.n_acc == 1.0
    assert everything.gres.precision[0.5] == pytest.approx(2 / 4)
    assert everything.box_accuracy == pytest.approx(2 / 5)
    assert everything.paper is None
    assert groups["place"].gres.giou == 0.75
    assert math.isnan(groups["absent"].gres.t_acc)


def test_parts_of_a_split_give_the_records_of_the_whole(grefcoco_root: Path, model: Scripted) -> None:
    train = load_dataset("grefcoco", grefcoco_root, "train", check_counts=False)
    assert [r.image_id for r in evaluate(Scripted({"mug": found(EMPTY)}), train, image_ids=[2])] == [2]
    assert list(evaluate(model, train, image_ids=[])) == []
    with pytest.raises(ValueError, match="train has no sentence about picture 1"):
        list(evaluate(model, train, image_ids=[1]))


def test_a_model_that_answers_too_little_is_refused(dataset: Dataset, model: Scripted) -> None:
    model.predict = lambda *_: []  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="picture 1: 0 predictions for 5 sentences"):
        list(evaluate(model, dataset))


def test_protocol_a_needs_its_own_mask(dataset: Dataset, model: Scripted) -> None:
    model.answers["left mug"] = Prediction("FOUND", EMPTY)
    with pytest.raises(ValueError, match="512 letterbox"):
        list(evaluate(model, dataset, paper=True))


def test_a_record_is_one_line_of_plain_json(dataset: Dataset, model: Scripted) -> None:
    records = list(evaluate(model, dataset, paper=True))
    lines = [record.to_json() for record in records]
    assert not any("\n" in line or "NaN" in line for line in lines)
    first, *_, failed = (json.loads(line) for line in lines)
    assert first["sentence"] == "left mug"
    assert first["gres"] == {
        "iou": 1.0, "intersection": 200, "union": 200, "truth_empty": False, "predicted_empty": False,
    }  # fmt: skip
    assert first["paper"]["iou"] == 1.0
    assert (failed["mask"], failed["score"], failed["reason"]) == (None, None, "unknown word: zebras")
    np.testing.assert_array_equal(records[1].predicted_mask(), model.answers["the mug on the left"].mask)


def test_summaries_are_plain_json_too(dataset: Dataset, model: Scripted) -> None:
    groups = summarise(list(evaluate(model, dataset, paper=True)))
    plain = json.loads(json.dumps([group.as_dict() for group in groups], allow_nan=False))
    assert plain[0]["gres"]["precision"]["0.50"] == 0.5
    assert plain[1]["gres"]["t_acc"] is None
    assert plain[0]["paper"]["samples"] == 5
    assert len(plain[0]["gres"]["intervals"]["giou"]) == 2


def test_tables_have_a_row_per_group_and_name_their_rules(dataset: Dataset, model: Scripted) -> None:
    groups = summarise(list(evaluate(model, dataset, paper=True)))
    gres, paper = gres_table(groups), paper_table(groups)
    assert "picture's own size" in gres and "IoU >= X" in gres
    assert "512 letterbox" in paper and "sigmoid >= 0.5" in paper
    for table in (gres, paper):
        lines = [line for line in table.splitlines() if line.startswith("|")]
        assert len(lines) == 2 + len(groups)
        assert len({len(line) for line in lines}) == 1
    (row,) = (line for line in gres.splitlines() if line.startswith("| place"))
    assert "75.0 [75.0, 75.0]" in row
    assert paper_table(summarise(list(evaluate(model, dataset)))).count("\n|") == 2


def record(dataset: Dataset, number: int, iou: float, kind: str = "place") -> SampleRecord:
    model = Scripted({s.text: found(sample.mask()) for sample in dataset for s in sample.sentences})
    base = next(evaluate(model, dataset))
    values = {name: getattr(base, name) for name in base.__slots__}
    score = type(base.gres)(iou, 0, 1, False, False)
    return SampleRecord(**values | {"sent_id": number, "gres": score, "kind": kind})


def test_sheets_show_random_successes_and_the_worst_failures(dataset: Dataset) -> None:
    records = [
        record(dataset, number, iou) for number, iou in enumerate([0.9, 0.5, 0.49, 0.0, 0.2, 1.0, 0.0])
    ]
    assert {r.sent_id for r in choose_successes(records, 10)} == {0, 1, 5}
    assert len(choose_successes(records, 2)) == 2
    assert choose_successes(records, 3, seed=1) == choose_successes(records, 3, seed=1)
    worst = choose_failures(records, 3)
    assert {r.sent_id for r in worst[:2]} == {3, 6}
    assert worst[2].sent_id == 4


def test_failures_take_turns_among_kinds(dataset: Dataset) -> None:
    bad = [record(dataset, number, 0.0, "absent") for number in range(20)]
    bad += [record(dataset, 20, 0.3), record(dataset, 21, 0.1), record(dataset, 22, 0.2, "size")]
    chosen = choose_failures(bad, 5)
    assert [r.kind for r in chosen] == ["absent", "place", "size", "absent", "place"]
    assert [r.gres.iou for r in chosen] == [0.0, 0.1, 0.2, 0.0, 0.3]


def test_a_sheet_draws_the_truth_and_the_prediction(dataset: Dataset, model: Scripted) -> None:
    records = list(evaluate(model, dataset))
    sheet = contact_sheet(dataset, records, "five sentences", columns=3)
    assert sheet.dtype == np.uint8 and sheet.shape[2] == 3
    assert sheet.shape[1] > 3 * 320

    def pixels(one: SampleRecord) -> np.ndarray:
        return contact_sheet(dataset, [one], "one", columns=1).astype(int)

    right, _, denied, absent, failed = (pixels(one) for one in records)
    green = [
        int(((x[..., 1] > 180) & (x[..., 0] < 80) & (x[..., 2] < 160)).sum()) for x in (right, denied, absent)
    ]
    assert green[0] > 100 and green[1] > green[0]  # two contours are longer than one
    assert green[2] < green[0] / 5  # the picture itself is coloured noise
    assert right.shape == failed.shape
    # Inside the mask the picture is tinted; it is not where the answer was NO_TARGET.
    row, column = slice(31 + 8 + 60, 31 + 8 + 70), slice(8 + 60, 8 + 100)
    assert right[row, column, 0].mean() > denied[row, column, 0].mean() + 30


def test_an_empty_sheet_is_a_picture(dataset: Dataset) -> None:
    assert contact_sheet(dataset, [], "none").size > 0
