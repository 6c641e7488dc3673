from __future__ import annotations

import math
from threading import Thread

import numpy as np
import pytest
import torch

from ssp_sam_ros import Outcome, Segmenter
from ssp_sam_ros.perception.outcome import tight_box
from ssp_sam_ros.perception.shortage import OutOfMemoryError
from ssp_sam_ros.weights import WeightsInfo

FORMS = [False, True]


def same(a, b, tolerance=1e-5):
    assert (a.expression, a.outcome, a.box) == (b.expression, b.outcome, b.box)
    np.testing.assert_array_equal(a.mask, b.mask)
    assert a.network_box == pytest.approx(b.network_box, abs=1e-3)
    assert a.no_target_probability == pytest.approx(b.no_target_probability, abs=tolerance)
    assert a.score == pytest.approx(b.score, abs=tolerance, nan_ok=True)


SENTENCES = ["the red mug", "the blue plate", "red", "the mug", "blue blue mug"]


@pytest.mark.parametrize("shared_trunk", FORMS)
def test_a_batch_equals_a_loop(segmenters, variants, picture, shared_trunk):
    segmenter = segmenters(variants(shared_trunk=shared_trunk))
    frame = segmenter.encode(picture)
    together = segmenter.refer(frame, SENTENCES)
    segmenter.clear_caches()
    alone = [segmenter.refer(segmenter.encode(picture), [sentence])[0] for sentence in SENTENCES]
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


def test_one_bad_expression_leaves_the_others_alone(segmenter, picture):
    frame = segmenter.encode(picture)
    good = segmenter.refer(frame, ["the red mug"])[0]
    results = segmenter.refer(frame, ["the purple mug and the sofa", "the red mug", "  ", "?!"])
    assert [r.outcome for r in results] == [Outcome.FAILED, good.outcome, Outcome.FAILED, Outcome.FAILED]
    assert results[0].unknown_words == ("purple", "and", "sofa")
    assert "'purple', 'and', 'sofa'" in results[0].reason
    assert results[0].mask is None and math.isnan(results[0].no_target_probability)
    assert "no words" in results[2].reason and "no words" in results[3].reason
    same(results[1], good)


@pytest.mark.parametrize("spoilt", ["logits", "box"])
def test_values_that_are_not_finite_are_no_answer(segmenter, picture, monkeypatch, spoilt):
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
def test_spoilt_features_are_not_kept(segmenter, picture, monkeypatch, spoilt):
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


def test_no_expressions_and_wrong_arguments(segmenter, picture):
    frame = segmenter.encode(picture)
    assert segmenter.refer(frame, []) == []
    with pytest.raises(TypeError, match="list"):
        segmenter.refer(frame, "the red mug")
    with pytest.raises(TypeError, match="text"):
        segmenter.refer(frame, [7])
    with pytest.raises(ValueError, match="2 ids for 1"):
        segmenter.refer(frame, ["mug"], ids=["a", "b"])


def test_a_long_expression_is_cut_with_a_warning(segmenter, picture):
    result = segmenter.refer(segmenter.encode(picture), ["the red mug " * 20])[0]
    assert result.outcome is not Outcome.FAILED
    assert "12 tokens" in result.warnings[0]


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


def test_a_picture_too_large_for_the_memory(segmenter, picture, shortage):
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


@pytest.mark.parametrize("stage", ["encode_text", "prompt", "decode"])
def test_expressions_too_many_for_the_memory_go_in_smaller_batches(segmenter, picture, shortage, stage):
    frame = segmenter.encode(picture)
    expected = segmenter.refer(frame, SENTENCES)
    segmenter.clear_caches()
    with shortage(stage, rows=2) as calls:  # no more than two fit
        results = segmenter.refer(frame, SENTENCES)
    assert calls == [5, 5, 2, 2, 1]
    for a, b in zip(results, expected, strict=True):
        same(a, b)


def test_an_expression_too_large_for_the_memory_is_failed(segmenter, picture, shortage):
    frame = segmenter.encode(picture)
    expected = segmenter.refer(frame, SENTENCES)
    with shortage("decode", rows=0) as calls:
        results = segmenter.refer(frame, [*SENTENCES, "sofa"])
    assert calls == [5, 5, 2, 2, 1, 1]  # all need the same: the others are not tried alone
    assert {result.outcome for result in results} == {Outcome.FAILED}
    for result in results[:-1]:
        assert result.reason.startswith("out of memory, even for one expression at a time")
        assert result.mask is None and result.box == (0, 0, 0, 0) and result.network_box == (0, 0, 0, 0)
        assert result.times.decode > 0
    assert "'sofa'" in results[-1].reason
    for a, b in zip(segmenter.refer(frame, SENTENCES), expected, strict=True):
        same(a, b)


def test_other_errors_are_not_taken_for_a_shortage(segmenter, picture, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("an error of another kind")

    frame = segmenter.encode(picture)
    monkeypatch.setattr(segmenter._inference.network, "decode", fail)
    with pytest.raises(RuntimeError, match="another kind"):
        segmenter.refer(frame, ["mug"])


def test_the_callers_key_is_the_identity(segmenter, picture):
    segmenter.encode(picture, key=("left", 5))
    assert segmenter.encode(np.zeros_like(picture), key=("left", 5)).embedding_cached
    assert not segmenter.encode(picture, key=("left", 6)).embedding_cached
    assert not segmenter.encode(picture[:20], key=("left", 5)).embedding_cached


def test_caches_stay_within_their_bytes(segmenters, picture):
    probe = segmenters()
    probe.refer(probe.encode(picture), ["mug"])
    one = probe.cache_stats()["pictures"].nbytes
    sentence = probe.cache_stats()["texts"].nbytes
    segmenter = segmenters(image_cache_bytes=3 * one, text_cache_bytes=2 * sentence)
    rng = np.random.default_rng(0)
    for _ in range(10):
        frame = segmenter.encode(rng.integers(0, 256, picture.shape, np.uint8))
        segmenter.refer(frame, SENTENCES)
    stats = segmenter.cache_stats()
    assert stats["pictures"].entries == 3 and stats["pictures"].nbytes == 3 * one
    assert stats["texts"].entries == 2 and stats["texts"].nbytes == 2 * sentence


def test_many_expressions_go_in_bounded_batches(segmenter, picture, monkeypatch):
    monkeypatch.setattr("ssp_sam_ros.perception.inference._LARGEST_BATCH", 2)
    frame = segmenter.encode(picture)
    batched = segmenter.refer(frame, SENTENCES)
    monkeypatch.undo()
    for a, b in zip(batched, segmenter.refer(frame, SENTENCES), strict=True):
        same(a, b)
    monkeypatch.setattr("ssp_sam_ros.perception.inference._LARGEST_BATCH_PIXELS", 1)
    assert frame.picture.largest_batch == 1


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


def test_full_vocabulary_knows_every_word(segmenters, variants, picture):
    segmenter = segmenters(variants(vocabulary=None))
    result = segmenter.refer(segmenter.encode(picture), ["zebra café ☃"])[0]
    assert result.outcome is not Outcome.FAILED and result.unknown_words == ()


def test_warm_up_leaves_no_trace(segmenter):
    segmenter.warm_up((40, 50))
    stats = segmenter.cache_stats()
    assert stats["pictures"].entries == stats["texts"].entries == 0


def test_threads_take_turns(segmenter):
    pictures = [np.full((20, 30, 3), value, np.uint8) for value in range(4)]
    expected = [segmenter.refer(segmenter.encode(p), SENTENCES) for p in pictures]
    segmenter.clear_caches()
    got: dict[int, list] = {}

    def work(number: int) -> None:
        for _ in range(3):
            got[number] = segmenter.refer(segmenter.encode(pictures[number]), SENTENCES)

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


@pytest.mark.parametrize("expression", ["mug\ud800", "mug " * 10_000, "\x00", "the\x00mug", "😀", "кружка"])
def test_a_strange_expression_leaves_the_others_alone(segmenter, picture, expression):
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
