from __future__ import annotations

import math

import numpy as np
import pytest

from ssp_sam_ros import Outcome, Segmenter
from ssp_sam_ros.weights import WeightsInfo


def test_what_a_result_carries(segmenter, picture):
    result = segmenter.refer(segmenter.encode(picture), ["The red mug "], ids=["e1"])[0]
    assert (result.expression, result.expression_id) == ("The red mug ", "e1")
    assert (result.model, result.weights_digest) == ("small", "d" * 64)
    assert result.mask.shape == picture.shape[:2] and result.mask.dtype == np.uint8
    assert set(np.unique(result.mask)) <= {0, 255}
    assert result.pixels == (result.mask > 0).sum()
    times = result.times
    assert min(times.image_encoding, times.prompt, times.decode) > 0 and times.queue == 0
    assert times.total == pytest.approx(times.image_encoding + times.prompt + times.decode)
    assert not result.embedding_cached


def test_one_bad_expression_leaves_the_others_alone(segmenter, picture, same):
    frame = segmenter.encode(picture)
    good = segmenter.refer(frame, ["the red mug"])[0]
    results = segmenter.refer(frame, ["the purple mug and the sofa", "the red mug", "  ", "?!"])
    assert [r.outcome for r in results] == [Outcome.FAILED, good.outcome, Outcome.FAILED, Outcome.FAILED]
    assert results[0].unknown_words == ("purple", "and", "sofa")
    assert "'purple', 'and', 'sofa'" in results[0].reason
    assert results[0].mask is None and math.isnan(results[0].no_target_probability)
    assert "no words" in results[2].reason and "no words" in results[3].reason
    same(results[1], good)


def test_a_long_expression_is_cut_with_a_warning(segmenter, picture):
    result = segmenter.refer(segmenter.encode(picture), ["the red mug " * 20])[0]
    assert result.outcome is not Outcome.FAILED
    assert "12 tokens" in result.warnings[0]


@pytest.mark.parametrize("expression", ["mug\ud800", "mug " * 10_000, "\x00", "the\x00mug", "😀", "кружка"])
def test_a_strange_expression_leaves_the_others_alone(segmenter, picture, expression, same):
    frame = segmenter.encode(picture)
    good = segmenter.refer(frame, ["the red mug"])[0]
    strange, plain = segmenter.refer(frame, [expression, "the red mug"])
    same(plain, good)
    assert strange.expression == expression
    if strange.outcome is Outcome.FAILED:
        assert strange.reason and "\n" not in strange.reason
    else:
        assert strange.mask.shape == picture.shape[:2]


@pytest.mark.parametrize(
    ("info", "remark"),
    [
        ({"domain": "coloured rectangles"}, "nothing but pictures of one kind: COLOURED RECTANGLES"),
        ({"is_random": True}, "RANDOM weights"),
        ({}, None),
    ],
)
def test_every_answer_says_what_the_weights_are_good_for(segmenter, picture, info, remark):
    network = segmenter._inference.network
    weights = WeightsInfo(**{"digest": "d" * 64, "domain": "", "source": "test", **info})
    told = Segmenter(network, weights, dtype="float32")
    results = told.refer(told.encode(picture), ["the red mug", "the " + "red " * 40 + "mug", "zebra"])
    for result, others in zip(results, (0, 1, 0), strict=True):
        assert len(result.warnings) == others + (remark is not None)
        assert remark is None or (remark in result.warnings[-1] and result.warnings[-1].startswith("model: "))


def test_full_vocabulary_knows_every_word(segmenters, variants, picture):
    segmenter = segmenters(variants(vocabulary=None))
    result = segmenter.refer(segmenter.encode(picture), ["zebra café ☃"])[0]
    assert result.outcome is not Outcome.FAILED and result.unknown_words == ()
