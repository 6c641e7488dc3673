from __future__ import annotations

import numpy as np
import pytest
import torch

from ssp_sam_ros.perception.acceleration import _map_tensors, _tensors, accelerate

SENTENCES = ["the red mug", "blue", "the plate"]


def test_none_is_the_network_itself(segmenters):
    network = segmenters().inference.network
    assert accelerate(network, "none") is network


@pytest.mark.parametrize(
    ("name", "message"), [("quick", "'quick' is unknown: use none"), ("cuda_graphs", "wants a CUDA device")]
)
def test_what_cannot_be_used_is_refused(segmenters, name, message):
    with pytest.raises(ValueError, match=message):
        segmenters(acceleration=name)


def test_every_tensor_of_a_stages_result_is_reached(segmenters, picture):
    inference = segmenters().inference
    encoded = inference.encode_picture(picture)
    text = inference.encode_text(np.ones((2, 12), np.int64))
    prompts = inference.prompt(encoded, text)
    value = (encoded.features, prompts, text)
    assert len(_tensors(value)) == 2 + 5 + 6
    copy = _map_tensors(value, torch.clone)
    assert type(copy[0]) is type(encoded.features) and copy[1].dense is None
    for a, b in zip(_tensors(value), _tensors(copy), strict=True):
        assert torch.equal(a, b) and a.data_ptr() != b.data_ptr()


def compare(exact, quick, picture):
    for sentences in (SENTENCES, SENTENCES[:1], SENTENCES):
        quick.clear_caches()
        pairs = zip(
            exact.refer(exact.encode(picture), sentences),
            quick.refer(quick.encode(picture), sentences),
            strict=True,
        )
        for a, b in pairs:
            np.testing.assert_array_equal(a.mask, b.mask)
            assert b.no_target_probability == pytest.approx(a.no_target_probability, abs=1e-4)


@pytest.mark.slow
def test_compiled_stages_give_the_same_answers(segmenters, picture):
    compare(segmenters(), segmenters(acceleration="compile"), picture)


def test_a_compiler_that_fails_is_one_line(segmenters, picture, monkeypatch):
    import torch._inductor.config as inductor

    torch.compiler.reset()  # what an earlier test has compiled is not compiled again
    monkeypatch.setattr(inductor, "force_disable_caches", True)
    monkeypatch.setattr(inductor.cpp, "cxx", ("no-such-compiler",))
    segmenter = segmenters(acceleration="compile")
    with pytest.raises(RuntimeError, match=r"'compile' does not work here .*: use 'none'") as raised:
        segmenter.encode(picture)
    assert "\n" not in str(raised.value)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_cuda_graphs_give_the_same_answers(picture, dtype):
    from ssp_sam_ros import Segmenter

    load = {"variant": "ssp_sam_tiny", "weights": "random", "device": "cuda", "dtype": dtype}
    compare(Segmenter.load(**load), Segmenter.load(**load, acceleration="cuda_graphs"), picture)
