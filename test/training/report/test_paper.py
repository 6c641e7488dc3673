"""The paper's figures, as data, against its own text and evaluation.md."""

from __future__ import annotations

import pytest

from ssp_sam_training.report.paper import figures_of, paper_figures


def value(table: str, row: str, dataset: str, split: str, metric: str) -> float:
    (figure,) = (
        f
        for f in paper_figures()
        if (f.table, f.row, f.dataset, f.split, f.metric) == (table, row, dataset, split, metric)
    )
    return figure.value


@pytest.mark.parametrize(
    ("table", "row", "dataset", "split", "metric", "expected"),
    [
        ("II", "SSP-SAM-224", "refcoco", "val", "giou", 77.91),
        ("II", "SSP-SAM-336", "refcoco+", "testB", "giou", 61.78),
        ("II", "SSP-SAM-336", "refcocog", "test", "giou", 72.41),
        ("II", "SSP-SAM-224", "refclef", "test", "giou", 67.26),
        ("II", "SSP-SAM-336", "refcoco", "testA", "ciou", 80.04),
        ("III", "SSP-SAM-336", "refcoco", "val", "pr@0.90", 47.77),
        ("IV", "SSP-SAM-224", "grefcoco", "testB", "n_acc", 61.36),
        ("VI", "SSP-SAM-336, trained on RefCOCOg", "phrasecut", "test", "giou", 28.29),
        ("VII", "SSP-SAM-224", "refcoco", "testB", "latency_ms", 26.68),
        ("XV", "256 tokens", "refcoco", "testB", "giou", 72.41),
    ],
)
def test_figures(table: str, row: str, dataset: str, split: str, metric: str, expected: float) -> None:
    assert value(table, row, dataset, split, metric) == expected


def test_every_figure_is_there_once_and_possible() -> None:
    figures = paper_figures()
    keys = [(f.table, f.row, f.dataset, f.split, f.metric) for f in figures]
    assert len(set(keys)) == len(keys)
    assert all(0 < f.value <= 100 for f in figures)
    # The full model is the last row of every ablation that starts from it.
    for table, row in (
        ("IX", "pre-training, RES and boxes"),
        ("X", "224, trained decoder"),
        ("XI", "all three"),
    ):
        for split in ("val", "testA", "testB"):
            assert value(table, row, "refcoco", split, "giou") == value(
                "II", "SSP-SAM-224", "refcoco", split, "giou"
            )


def test_a_sets_other_name_finds_them() -> None:
    assert figures_of("phrase_cut", "test") == figures_of("phrasecut", "test") != []
    assert {f.table for f in figures_of("refcoco", "val")} == {"II", "III"}
    assert figures_of("miniref", "val") == []
