"""What is timed: single sentences that the model can read, nothing cached."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ssp_sam_training.data import Dataset, load_dataset
from ssp_sam_training.evaluation.latency import measure_latency
from ssp_sam_training.evaluation.segmenter import SegmenterPredictor


@pytest.fixture(scope="module")
def predictor() -> SegmenterPredictor:
    return SegmenterPredictor.load("ssp_sam_tiny", "random", "cpu", "float32")


@pytest.fixture
def dataset(grefcoco_root: Path) -> Dataset:
    return load_dataset("grefcoco", grefcoco_root, "val", check_counts=False)


def test_every_stage_of_readable_sentences(predictor: SegmenterPredictor, dataset: Dataset) -> None:
    latency = measure_latency(predictor.segmenter, predictor.tokenizer, dataset, warm_up=1, samples=3, runs=2)
    assert (latency.samples, latency.runs, latency.warm_up) == (3, 2, 1)  # "all the zebras" cannot be read
    assert all(latency.stages[name] > 0 for name in ("image_encoding", "prompt", "decode"))
    assert latency.stages["total"] >= sum(
        latency.stages[name] for name in ("image_encoding", "prompt", "decode")
    )
    plain = json.loads(json.dumps(latency.as_dict(), allow_nan=False))
    assert plain["stages"].keys() == latency.stages.keys()
    assert predictor.segmenter.cache_stats()["pictures"].entries == 0


def test_what_cannot_be_measured(predictor: SegmenterPredictor, dataset: Dataset) -> None:
    segmenter, tokenizer = predictor.segmenter, predictor.tokenizer
    with pytest.raises(ValueError, match="at least one sample"):
        measure_latency(segmenter, tokenizer, dataset, samples=0)
    unreadable = Dataset("grefcoco", "val", "unc", [dataset[3]])
    assert unreadable[0].sentences[0].text == "all the zebras"
    with pytest.raises(ValueError, match="has no sentence that the model can read"):
        measure_latency(segmenter, tokenizer, unreadable)
