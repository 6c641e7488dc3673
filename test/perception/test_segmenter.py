from __future__ import annotations

import math
from threading import Thread

import numpy as np
import pytest
import torch

from ssp_sam_ros import Outcome, Segmenter
from ssp_sam_ros.perception.outcome import tight_box
from ssp_sam_ros.perception.shortage import OutOfMemoryError

FORMS = [False, True]


@pytest.mark.parametrize("shared_trunk", FORMS)
def test_a_batch_equals_a_loop(segmenters, variants, picture, shared_trunk, same, sentences):
    segmenter = segmenters(variants(shared_trunk=shared_trunk))
    frame = segmenter.encode(picture)
    together = segmenter.refer(frame, sentences)
    segmenter.clear_caches()
    alone = [segmenter.refer(segmenter.encode(picture), [sentence])[0] for sentence in sentences]
    for a, b in zip(together, alone, strict=True):
        same(a, b)


@pytest.mark.parametrize("shared_trunk", FORMS)
def test_a_whole_pass_equals_the_network_and_segment_anything_by_hand(
    segmenters, variants, picture, shared_trunk
):
    """Picture to mask once more, with segment_anything's own postprocessing where it applies."""
    from segment_anything.modeling import Sam

    segmenter = segmenters(variants(shared_trunk=shared_trunk))
    result = segmenter.refer(segmenter.encode(picture), ["the red mug"])[0]
    network, variant = segmenter._inference.network, segmenter.variant
    from ssp_sam_ros.perception.preprocessing import clip_input, sam_input

    sam, place = sam_input(picture, variant.sam_size, variant.sam_mean, variant.sam_std)
    clip = (
        None
        if shared_trunk
        else clip_input(picture, variant.clip_size, variant.clip_mean, variant.clip_std)[0]
    )
    with torch.inference_mode():
        low_res, _, prompts = network(
            clip, sam, torch.from_numpy(segmenter._tokenizer("the red mug").ids[None])
        )
    if shared_trunk:
        upscaled = torch.nn.functional.interpolate(low_res, variant.sam_size, mode="bilinear")
        cropped = upscaled[..., : place.resized_size[0], : place.resized_size[1]]
        logits = torch.nn.functional.interpolate(cropped, picture.shape[:2], mode="bilinear")
    else:

        class Encoder(torch.nn.Module):
            img_size = variant.sam_size[0]

        owner = Sam(Encoder(), torch.nn.Identity(), torch.nn.Identity())
        logits = owner.postprocess_masks(low_res, place.resized_size, picture.shape[:2])
    mask = (logits[0, 0] > 0).numpy()
    assert mask.any(), "the test's random network should mark something"
    assert result.outcome is Outcome.FOUND
    np.testing.assert_array_equal(result.mask > 0, mask)
    assert result.box == tight_box(mask)
    assert result.score == pytest.approx(torch.sigmoid(logits[logits > 0]).mean().item(), abs=1e-5)
    cx, cy, w, h = prompts.boxes[0].tolist()
    height, width = variant.clip_size
    from ssp_sam_ros.perception.geometry import clip_geometry

    where = place if shared_trunk else clip_geometry(picture.shape[:2], variant.clip_size)
    x1 = ((cx - w / 2) * width - where.left) / where.scale
    y2 = ((cy + h / 2) * height - where.top) / where.scale
    assert result.network_box[0] == pytest.approx(min(max(x1, 0), picture.shape[1]), abs=1e-3)
    assert result.network_box[3] == pytest.approx(min(max(y2, 0), picture.shape[0]), abs=1e-3)


def test_no_expressions_and_wrong_arguments(segmenter, picture):
    frame = segmenter.encode(picture)
    assert segmenter.refer(frame, []) == []
    with pytest.raises(TypeError, match="list"):
        segmenter.refer(frame, "the red mug")
    with pytest.raises(TypeError, match="text"):
        segmenter.refer(frame, [7])
    with pytest.raises(ValueError, match="2 ids for 1"):
        segmenter.refer(frame, ["mug"], ids=["a", "b"])


class Counting:
    """Counts rows that go through one of the network's methods."""

    def __init__(self, monkeypatch, network, name):
        self.rows = []
        original = getattr(network, name)

        def counted(first, *rest):
            self.rows.append(len(rest[0] if first is None else first))
            return original(first, *rest)

        monkeypatch.setattr(network, name, counted)


def test_nothing_is_computed_twice(segmenter, picture, monkeypatch):
    network = segmenter._inference.network
    images, texts = (Counting(monkeypatch, network, name) for name in ("encode_image", "encode_text"))
    first = segmenter.encode(picture)
    again = segmenter.encode(picture.copy())
    assert not first.embedding_cached and again.embedding_cached
    segmenter.refer(first, ["the mug", "red"])
    results = segmenter.refer(again, ["red", "blue", "THE MUG", " red"])
    assert images.rows == [1]
    assert texts.rows == [2, 1]
    assert all(result.embedding_cached for result in results)
    assert results[0].mask is results[3].mask
    segmenter.clear_caches()
    assert not segmenter.encode(picture).embedding_cached


def test_a_picture_too_large_for_the_memory(segmenter, picture, shortage, same):
    """The caches go first, then it is tried once more, then said; the next picture works."""
    good = segmenter.refer(segmenter.encode(picture), ["the mug"])[0]
    with shortage("encode_image", times=1) as calls:
        frame = segmenter.encode(np.flipud(picture))
        assert len(calls) == 2 and not frame.embedding_cached
        assert segmenter.cache_stats()["pictures"].entries == 1  # the new one alone
        assert segmenter.cache_stats()["texts"].entries == 0
    with shortage("encode_image", times=2) as calls, pytest.raises(OutOfMemoryError) as caught:
        segmenter.encode(np.fliplr(picture))
    assert len(calls) == 2
    assert str(caught.value).startswith(
        "out of memory on cpu for the picture of 41 x 30, even without caches"
    )
    assert "\n" not in str(caught.value)
    same(segmenter.refer(segmenter.encode(picture), ["the mug"])[0], good)


def test_the_callers_key_is_the_identity(segmenter, picture):
    segmenter.encode(picture, key=("left", 5))
    assert segmenter.encode(np.zeros_like(picture), key=("left", 5)).embedding_cached
    assert not segmenter.encode(picture, key=("left", 6)).embedding_cached
    assert not segmenter.encode(picture[:20], key=("left", 5)).embedding_cached


def test_caches_stay_within_their_bytes(segmenters, picture, sentences):
    probe = segmenters()
    probe.refer(probe.encode(picture), ["mug"])
    one = probe.cache_stats()["pictures"].nbytes
    sentence = probe.cache_stats()["texts"].nbytes
    segmenter = segmenters(image_cache_bytes=3 * one, text_cache_bytes=2 * sentence)
    rng = np.random.default_rng(0)
    for _ in range(10):
        frame = segmenter.encode(rng.integers(0, 256, picture.shape, np.uint8))
        segmenter.refer(frame, sentences)
    stats = segmenter.cache_stats()
    assert stats["pictures"].entries == 3 and stats["pictures"].nbytes == 3 * one
    assert stats["texts"].entries == 2 and stats["texts"].nbytes == 2 * sentence


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (64, 64), (700, 30)])
@pytest.mark.parametrize("shared_trunk", FORMS)
def test_any_size_of_picture(segmenters, variants, shape, shared_trunk):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    segmenter = segmenters(variants(shared_trunk=shared_trunk))
    result = segmenter.refer(segmenter.encode(image), ["red"])[0]
    assert result.mask.shape == shape
    x1, y1, x2, y2 = result.box
    assert 0 <= x1 <= x2 <= shape[1] and 0 <= y1 <= y2 <= shape[0]
    assert not np.isnan(result.network_box).any()


def test_grey_rgba_and_strided_pictures_are_the_same_picture(segmenter):
    grey = np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8)
    rgb = np.dstack([grey] * 3)
    rgba = np.dstack([rgb, grey])
    wide = np.repeat(rgb, 2, axis=1)[:, ::2]
    segmenter.encode(rgb)
    for same_picture in (grey, rgba, wide, np.asfortranarray(rgb)):
        assert segmenter.encode(same_picture).embedding_cached


def test_the_rule_can_be_changed_while_running(segmenter, picture):
    frame = segmenter.encode(picture)
    segmenter.no_target_threshold = 0.0
    result = segmenter.refer(frame, ["the red mug"])[0]
    assert result.outcome is Outcome.NO_TARGET
    assert not result.mask.any() and result.box == (0, 0, 0, 0) and math.isnan(result.score)
    segmenter.no_target_threshold = 1.0
    segmenter.no_target_min_pixels = 0
    assert segmenter.refer(frame, ["the red mug"])[0].outcome is Outcome.FOUND
    segmenter.no_target_threshold = 0.5
    segmenter.no_target_min_pixels = 1e9
    assert segmenter.refer(frame, ["the red mug"])[0].no_target_probability == 1.0
    with pytest.raises(ValueError, match="no_target_threshold"):
        segmenter.no_target_threshold = 2
    assert segmenter.no_target_threshold == 0.5


def test_bfloat16_is_close_to_float32(segmenters, variants, picture):
    for shared_trunk in FORMS:
        exact, quick = (
            segmenters(variants(shared_trunk=shared_trunk), dtype=dtype) for dtype in ("float32", "bfloat16")
        )
        assert quick.dtype == torch.bfloat16
        a, b = (s.refer(s.encode(picture), ["the red mug"])[0] for s in (exact, quick))
        assert b.no_target_probability == pytest.approx(a.no_target_probability, abs=0.1)
        assert (a.mask == b.mask).mean() > 0.9


def test_warm_up_leaves_no_trace(segmenter):
    segmenter.warm_up((40, 50))
    stats = segmenter.cache_stats()
    assert stats["pictures"].entries == stats["texts"].entries == 0


def test_threads_take_turns(segmenter, same, sentences):
    pictures = [np.full((20, 30, 3), value, np.uint8) for value in range(4)]
    expected = [segmenter.refer(segmenter.encode(p), sentences) for p in pictures]
    segmenter.clear_caches()
    got: dict[int, list] = {}

    def work(number: int) -> None:
        for _ in range(3):
            got[number] = segmenter.refer(segmenter.encode(pictures[number]), sentences)

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, results in enumerate(expected):
        for a, b in zip(results, got[number], strict=True):
            same(a, b)


def test_a_network_in_training_mode_is_refused(segmenter):
    network = segmenter._inference.network.train()
    with pytest.raises(ValueError, match="training mode"):
        Segmenter(network, segmenter._weights)


def test_loading_tells_the_log_once(caplog):
    segmenter = Segmenter.load("ssp_sam_tiny", weights="random", device="cpu")
    segmenter.refer(segmenter.encode(np.zeros((8, 8, 3), np.uint8)), ["the red mug"] * 2)
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "RANDOM weights: the answers mean nothing."
    ]


def test_load_by_name():
    segmenter = Segmenter.load("ssp_sam_tiny", weights="random", device="cpu")
    assert segmenter.model_name == "ssp_sam_tiny"
    assert segmenter.weights_source == "random:0" and segmenter.domain == ""
    assert len(segmenter.weights_digest) == 64
    with pytest.raises(ValueError, match="cuda:97"):
        Segmenter.load("ssp_sam_tiny", weights="random", device="cuda:97")
    with pytest.raises(ValueError, match="quick"):
        Segmenter.load("ssp_sam_tiny", weights="random", device="cpu", dtype="quick")


def test_on_a_cpu_freed_memory_is_kept(monkeypatch):
    asked = []
    monkeypatch.setattr("ssp_sam_ros.perception.segmenter.keep_freed_memory", lambda: asked.append(True))
    Segmenter.load("ssp_sam_tiny", "random", "cpu")
    assert asked == [True]


def test_an_expression_that_stays_is_read_once_while_pictures_come(segmenters, picture):
    segmenter = segmenters()
    runs = []
    handle = segmenter.inference.network.text_proj.register_forward_hook(lambda *_: runs.append(1))
    for key in range(3):
        segmenter.refer(segmenter.encode(picture, key), ["the red mug"])
    handle.remove()
    assert len(runs) == 1
