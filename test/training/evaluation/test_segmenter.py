"""The shipped segmenter under evaluation: what is scored is what it answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ssp_sam_ros.network import build_tokenizer
from ssp_sam_ros.perception.preprocessing import sam_input
from ssp_sam_ros.perception.result import Outcome
from ssp_sam_ros.perception.segmenter import Segmenter
from ssp_sam_ros.weights import load_network
from ssp_sam_training.evaluation.segmenter import SegmenterPredictor
from ssp_sam_training.metrics import letterbox_prediction

SENTENCES = ["the red mug", "the qwertzuiop", "the green bowl", "the red mug", "the small red mug"]


@pytest.fixture(scope="module")
def predictor() -> SegmenterPredictor:
    return SegmenterPredictor.load("ssp_sam_tiny", "random", "cpu", "float32")


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (120, 200, 3), np.uint8)


def test_predictions_are_the_segmenters_results(predictor: SegmenterPredictor, image: np.ndarray) -> None:
    segmenter = predictor.segmenter
    results = segmenter.refer(segmenter.encode(image), SENTENCES)
    predictions = predictor.predict(image, SENTENCES, letterbox=False)
    assert [p.outcome for p in predictions] == [str(r.outcome) for r in results]
    assert [p.network_box for p in predictions] == [r.network_box for r in results]
    np.testing.assert_array_equal([p.score for p in predictions], [r.score for r in results])
    failed = predictions.pop(1)
    assert (failed.outcome, failed.mask) == ("FAILED", None)
    assert "qwertzuiop" in failed.reason
    del results[1]
    for prediction, result in zip(predictions, results, strict=True):
        assert prediction.no_target_probability == result.no_target_probability
        assert result.outcome is Outcome.FOUND and result.mask is not None
        assert prediction.mask is not None and prediction.mask.dtype == np.bool_
        np.testing.assert_array_equal(prediction.mask, result.mask > 0)


def test_a_denied_target_keeps_its_raw_mask(predictor: SegmenterPredictor, image: np.ndarray) -> None:
    segmenter = predictor.segmenter
    (found,) = predictor.predict(image, SENTENCES[:1], letterbox=False)
    assert found.mask is not None and found.mask.any()
    segmenter.no_target_threshold = found.no_target_probability / 2
    try:
        (denied,) = predictor.predict(image, SENTENCES[:1], letterbox=False)
        assert segmenter.no_target_threshold == found.no_target_probability / 2
        assert segmenter.refer(segmenter.encode(image), SENTENCES[:1])[0].outcome is Outcome.NO_TARGET
    finally:
        segmenter.no_target_threshold = 0.5
    assert denied.outcome == "NO_TARGET"
    assert denied.mask is not None
    np.testing.assert_array_equal(denied.mask, found.mask)
    assert np.isnan(denied.score)


@torch.inference_mode()
def test_letterbox_masks_come_from_the_same_logits(predictor: SegmenterPredictor, image: np.ndarray) -> None:
    predictions = predictor.predict(image, SENTENCES, letterbox=True)
    assert predictions[1].letterbox_mask is None
    network, _ = load_network("ssp_sam_tiny", "random")
    variant = network.variant
    tokenizer = build_tokenizer(variant)
    picture, _ = sam_input(image, variant.sam_size, variant.sam_mean, variant.sam_std)
    features = network.encode_image(None, picture)
    for sentence, prediction in zip(SENTENCES, predictions, strict=True):
        if prediction.letterbox_mask is None:
            continue
        text = network.encode_text(torch.from_numpy(tokenizer(sentence).ids)[None])
        logits, _ = network.decode(features, network.prompt(features.visual, text))
        expected = letterbox_prediction(logits, variant.sam_size)[0].numpy()
        assert prediction.letterbox_mask.shape == expected.shape == (384, 512)
        # One sentence alone and a batch round differently; a pixel at exactly one half may fall either way.
        assert (prediction.letterbox_mask != expected).mean() < 1e-4


def test_the_description_says_what_was_evaluated(predictor: SegmenterPredictor) -> None:
    description = predictor.description
    assert description["model"] == "ssp_sam_tiny"
    assert description["weights_digest"] == predictor.segmenter.weights_digest
    assert (description["device"], description["dtype"]) == ("cpu", "float32")
    assert description["no_target_threshold"] == 0.5
    assert predictor.letterbox_input == (240, 320)


def test_the_network_is_stored_as_the_segmenter_stores_it(image: np.ndarray) -> None:
    predictor = SegmenterPredictor.load("ssp_sam_tiny", "random", "cpu", "bfloat16")
    shipped = Segmenter.load("ssp_sam_tiny", "random", "cpu", "bfloat16")
    scored, used = (
        {name: tensor.dtype for name, tensor in segmenter.inference.network.state_dict().items()}
        for segmenter in (predictor.segmenter, shipped)
    )
    assert scored == used
    assert torch.bfloat16 in used.values()
    predictor.segmenter.encode(image)
    assert predictor.segmenter.cache_stats()["pictures"].entries == 0


def test_what_cannot_be_loaded_is_said_first() -> None:
    with pytest.raises(ValueError, match="float8"):
        SegmenterPredictor.load("ssp_sam_tiny", "random", "cpu", "float8")
    with pytest.raises(ValueError, match="tpu"):
        SegmenterPredictor.load("ssp_sam_tiny", "random", "tpu")
