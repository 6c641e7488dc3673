"""Several pictures at once: the same answers as one after the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ssp_sam_ros import Outcome, Segmenter
from ssp_sam_ros.perception.shortage import OutOfMemoryError
from ssp_sam_ros.weights import WeightsInfo

FORMS = [False, True]


@pytest.fixture
def pictures() -> list[np.ndarray]:
    """Of several sizes, two of which are equal and follow each other."""
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (*size, 3), np.uint8) for size in ((30, 41), (30, 41), (64, 20), (9, 70))]


@pytest.fixture
def calls(segmenter, monkeypatch):
    """The pictures in each call of the image encoders, the rows in each of the mask decoder."""
    network = segmenter.inference.network
    found = {"encode_image": [], "decode": []}
    for name, rows in found.items():
        original = getattr(network, name)

        def counted(*arguments, original=original, rows=rows):
            *_, last = arguments
            rows.append(len(last))
            return original(*arguments)

        monkeypatch.setattr(network, name, counted)
    return found


@pytest.mark.parametrize("shared_trunk", FORMS)
def test_several_pictures_at_once_equal_one_by_one(
    segmenters, variants, pictures, sentences, same, shared_trunk
):
    segmenter = segmenters(variants(shared_trunk=shared_trunk))
    alone = [segmenter.refer(segmenter.encode(picture), sentences) for picture in pictures]
    segmenter.clear_caches()
    together = segmenter.refer_batch(segmenter.encode_batch(pictures), sentences)
    assert any(result.outcome is Outcome.FOUND for results in alone for result in results)
    for one, many in zip(alone, together, strict=True):
        for a, b in zip(one, many, strict=True):
            same(a, b)


def test_it_is_one_pass_of_each_encoder_and_one_batch_of_the_decoder(segmenter, pictures, calls):
    frames = segmenter.encode_batch(pictures)
    results = segmenter.refer_batch(frames, ["the red mug", "red", "THE red mug"], ["a", "b", "c"])
    assert calls == {"encode_image": [4], "decode": [8]}  # the third expression reads as the first
    assert [[result.expression_id for result in each] for each in results] == [["a", "b", "c"]] * 4
    assert all(each[0].mask.shape == p.shape[:2] for each, p in zip(results, pictures, strict=True))


def test_only_what_is_not_known_yet_is_encoded(segmenter, pictures, calls):
    segmenter.encode(pictures[1], key="b")
    frames = segmenter.encode_batch(pictures, ["a", "b", "c", "a"])
    assert [frame.embedding_cached for frame in frames] == [False, True, False, False]
    assert calls["encode_image"] == [1, 3]
    again = segmenter.encode_batch([pictures[0], pictures[0]], ["a", "a"])
    assert [frame.embedding_cached for frame in again] == [True, True]


def test_a_picture_twice_is_encoded_once(segmenter, pictures, calls):
    first, second = segmenter.encode_batch([pictures[0], pictures[0].copy()])
    assert calls["encode_image"] == [1]
    assert first.picture is second.picture


def test_a_kept_picture_does_not_keep_its_batch(segmenter, pictures):
    alone = segmenter.encode(pictures[0], key="alone").picture
    for frame in segmenter.encode_batch(pictures):
        tensor = frame.picture.features.embedding
        assert tensor.untyped_storage().nbytes() == alone.features.embedding.untyped_storage().nbytes()


def test_pictures_too_many_for_the_memory_go_one_by_one(segmenter, pictures, shortage, sentences, same):
    expected = segmenter.refer_batch(segmenter.encode_batch(pictures), sentences)
    segmenter.clear_caches()
    with shortage("encode_image", rows=1) as rows:
        frames = segmenter.encode_batch(pictures)
    assert rows == [4, 4, 1, 1, 1, 1]
    for one, other in zip(segmenter.refer_batch(frames, sentences), expected, strict=True):
        for a, b in zip(one, other, strict=True):
            same(a, b)
    segmenter.clear_caches()
    with shortage("encode_image", rows=0), pytest.raises(OutOfMemoryError, match="picture of 41 x 30"):
        segmenter.encode_batch(pictures)


def test_a_picture_that_is_not_finite_fails_alone(segmenter, pictures, monkeypatch):
    network = segmenter.inference.network
    original = network.encode_image

    def spoil(*arguments):
        features = original(*arguments)
        features.embedding[1] = torch.nan
        return features

    monkeypatch.setattr(network, "encode_image", spoil)
    results = segmenter.refer_batch(segmenter.encode_batch(pictures), ["the red mug"])
    assert [each[0].outcome is Outcome.FAILED for each in results] == [False, True, False, False]


def test_nothing_and_wrong_arguments(segmenter, pictures):
    assert segmenter.encode_batch([]) == []
    assert segmenter.refer_batch([], ["red"]) == []
    assert segmenter.refer_batch(segmenter.encode_batch(pictures[:2]), []) == [[], []]
    with pytest.raises(ValueError, match="1 keys for 2 pictures"):
        segmenter.encode_batch(pictures[:2], ["a"])
    with pytest.raises(ValueError, match="has shape"):
        segmenter.encode_batch([pictures[0], np.zeros(3)])


def test_batches_are_preferred_on_a_gpu_only(segmenter):
    assert segmenter.prefers_batches is (segmenter.device.type == "cuda")


@pytest.mark.gpu
@pytest.mark.parametrize("shared_trunk", FORMS)
def test_on_a_gpu_too(networks, variants, pictures, sentences, shared_trunk):
    network = networks(variants(shared_trunk=shared_trunk)).cuda()
    segmenter = Segmenter(network, WeightsInfo(digest="d" * 64, domain="", source="test"), dtype="float32")
    assert segmenter.prefers_batches
    alone = [segmenter.refer(segmenter.encode(picture), sentences) for picture in pictures]
    segmenter.clear_caches()
    together = segmenter.refer_batch(segmenter.encode_batch(pictures), sentences)
    for one, many in zip(alone, together, strict=True):
        for a, b in zip(one, many, strict=True):
            assert a.outcome is b.outcome
            assert np.mean(a.mask == b.mask) > 0.999  # convolutions differ with the size of the batch
            assert b.no_target_probability == pytest.approx(a.no_target_probability, abs=1e-3)
