from __future__ import annotations

import math

import pytest

from ssp_sam_ros import Outcome


@pytest.mark.parametrize("spoilt", ["logits", "box"])
def test_values_that_are_not_finite_are_no_answer(segmenter, picture, monkeypatch, spoilt, same):
    frame = segmenter.encode(picture)
    _, good = segmenter.refer(frame, ["the mug", "the red mug"])
    network = segmenter._inference.network
    decode, prompt = network.decode, network.prompt

    def spoil_logits(*arguments):
        logits, iou = decode(*arguments)
        logits[0, 0, 0, 0] = math.nan
        return logits, iou

    def spoil_box(*arguments):
        prompts = prompt(*arguments)
        prompts.boxes[0, 2] = math.inf
        return prompts

    if spoilt == "logits":
        monkeypatch.setattr(network, "decode", spoil_logits)
    else:
        monkeypatch.setattr(network, "prompt", spoil_box)
    bad, fine = segmenter.refer(frame, ["the mug", "the red mug"])
    assert bad.outcome is Outcome.FAILED
    assert bad.reason == "the network gave values that are not finite"
    assert bad.mask is None and bad.box == (0, 0, 0, 0) and bad.network_box == (0.0, 0.0, 0.0, 0.0)
    assert math.isnan(bad.score) and math.isnan(bad.no_target_probability)
    same(fine, good)


@pytest.mark.parametrize("spoilt", ["encode_image", "encode_text"])
def test_spoilt_features_are_not_kept(segmenter, picture, monkeypatch, spoilt, same):
    """As after a fault of the device: the next time everything is computed anew."""
    network = segmenter._inference.network
    good = segmenter.refer(segmenter.encode(picture), ["the mug"])[0]
    segmenter.clear_caches()
    original = getattr(network, spoilt)

    def spoil(*arguments):
        features = original(*arguments)
        (features.embedding if spoilt == "encode_image" else features.words).fill_(math.nan)
        return features

    with monkeypatch.context() as fault:
        fault.setattr(network, spoilt, spoil)
        bad = segmenter.refer(segmenter.encode(picture, key="k"), ["the mug"])[0]
    assert bad.outcome is Outcome.FAILED and "not finite" in bad.reason
    frame = segmenter.encode(picture, key="k")
    assert not frame.embedding_cached
    same(segmenter.refer(frame, ["the mug"])[0], good)


@pytest.mark.parametrize("stage", ["encode_text", "prompt", "decode"])
def test_expressions_too_many_for_the_memory_go_in_smaller_batches(
    segmenter, picture, shortage, stage, same, sentences
):
    frame = segmenter.encode(picture)
    expected = segmenter.refer(frame, sentences)
    segmenter.clear_caches()
    with shortage(stage, rows=2) as calls:  # no more than two fit
        results = segmenter.refer(frame, sentences)
    assert calls == [5, 5, 2, 2, 1]
    for a, b in zip(results, expected, strict=True):
        same(a, b)


def test_an_expression_too_large_for_the_memory_is_failed(segmenter, picture, shortage, same, sentences):
    frame = segmenter.encode(picture)
    expected = segmenter.refer(frame, sentences)
    with shortage("decode", rows=0) as calls:
        results = segmenter.refer(frame, [*sentences, "sofa"])
    assert calls == [5, 5, 2, 2, 1, 1]  # all need the same: the others are not tried alone
    assert {result.outcome for result in results} == {Outcome.FAILED}
    for result in results[:-1]:
        assert result.reason.startswith("out of memory, even for one expression at a time")
        assert result.mask is None and result.box == (0, 0, 0, 0) and result.network_box == (0, 0, 0, 0)
        assert result.times.decode > 0
    assert "'sofa'" in results[-1].reason
    for a, b in zip(segmenter.refer(frame, sentences), expected, strict=True):
        same(a, b)


def test_other_errors_are_not_taken_for_a_shortage(segmenter, picture, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("an error of another kind")

    frame = segmenter.encode(picture)
    monkeypatch.setattr(segmenter._inference.network, "decode", fail)
    with pytest.raises(RuntimeError, match="another kind"):
        segmenter.refer(frame, ["mug"])


def test_many_expressions_go_in_bounded_batches(segmenter, picture, monkeypatch, same, sentences):
    monkeypatch.setattr("ssp_sam_ros.perception.inference._LARGEST_BATCH", 2)
    frame = segmenter.encode(picture)
    batched = segmenter.refer(frame, sentences)
    monkeypatch.undo()
    for a, b in zip(batched, segmenter.refer(frame, sentences), strict=True):
        same(a, b)
    monkeypatch.setattr("ssp_sam_ros.perception.inference._LARGEST_BATCH_PIXELS", 1)
    assert frame.picture.largest_batch == 1
