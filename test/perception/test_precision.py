from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ssp_sam_ros import Outcome, Segmenter
from ssp_sam_ros.network import load_variant
from ssp_sam_ros.network.variant import Extensions
from ssp_sam_ros.perception.precision import (
    arithmetic,
    choose_device,
    choose_precision,
    prepare,
    store_products,
)


def test_auto_device_exists():
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("device", ["cuda:97", "meta", "mps", "toaster"])
def test_a_named_device_that_is_missing_fails(device):
    with pytest.raises(ValueError, match=device):
        choose_device(device)


def test_named_types():
    cpu = torch.device("cpu")
    assert choose_precision("float32", cpu) is torch.float32
    assert choose_precision(torch.bfloat16, cpu) is torch.bfloat16
    assert choose_precision("float16", cpu) is torch.float16
    assert choose_precision("auto", cpu) in (torch.float32, torch.bfloat16)
    for name in ("float64", "int8", "quick"):
        with pytest.raises(ValueError, match=name):
            choose_precision(name, cpu)


def test_arithmetic():
    a = torch.randn(4, 4)
    for precision in (torch.bfloat16, torch.float16):
        with arithmetic(a.device, precision):
            assert (a @ a).dtype == precision
    with arithmetic(a.device, torch.float32):
        assert (a @ a).dtype == torch.float32


@pytest.mark.parametrize(
    ("form", "dtype"), [("released", "bfloat16"), ("shipped", "bfloat16"), ("released", "float16")]
)
def test_weights_stored_as_products_take_them_change_nothing_but_their_size(
    segmenters, variants, picture, form, dtype
):
    # The shipped variant has extensions on.
    variant = variants() if form == "released" else load_variant("ssp_sam_tiny")
    segmenter = segmenters(variant, dtype=dtype)
    network = segmenter._inference.network

    def answer():
        segmenter.clear_caches()
        return segmenter.refer(segmenter.encode(picture), ["the red mug", "blue"])

    def size():
        return sum(p.numel() * p.element_size() for p in network.parameters())

    before, bytes_before = answer(), size()
    store_products(network, segmenter.dtype)
    assert size() < 0.8 * bytes_before
    for a, b in zip(before, answer(), strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)
        assert a.network_box == b.network_box
        assert a.no_target_probability == b.no_target_probability


def test_float32_weights_are_left_alone(segmenters):
    network = segmenters()._inference.network
    store_products(network, torch.float32)
    assert {p.dtype for p in network.parameters()} == {torch.float32}


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("bfloat16", 0.03)])
@torch.no_grad()
def test_a_prepared_trunk_answers_as_before(networks, variants, dtype, tolerance):
    finer = replace(variants(shared_trunk=True), extensions=Extensions(high_res=True, fine_mask=True))
    network = networks(finer)
    trunk, draw = network.sam.image_encoder, torch.Generator().manual_seed(0)
    norms = [module for module in trunk.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:  # statistics of pictures, which a network that was just made has none of
        norm.running_mean.normal_(generator=draw)
        norm.running_var.uniform_(0.5, 2, generator=draw)
        norm.bias.normal_(generator=draw)
    image = torch.randn(2, 3, 48, 64, generator=draw)
    before = network.encode_image(None, image)
    assert len(before.high_res) == 3
    precision = choose_precision(dtype, image.device)
    prepare(network, precision)
    assert len(norms) > 5 and not any(isinstance(module, nn.BatchNorm2d) for module in trunk.modules())
    wide = [p for p in trunk.parameters() if p.ndim == 4 and p.shape[1] > 1 and p.shape[2] > 1]
    assert len(wide) > 5 and all(p.is_contiguous(memory_format=torch.channels_last) for p in wide)
    with arithmetic(image.device, precision):
        after = network.encode_image(None, image)
    for old, new in zip(
        (before.visual, before.embedding, *before.high_res),
        (after.visual, after.embedding, *after.high_res),
        strict=True,
    ):
        assert (new.float() - old).norm() <= tolerance * old.norm()


def test_preparing_leaves_the_published_network_as_it_is(networks, variants):
    network = networks(variants())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    strides = {name: tensor.stride() for name, tensor in network.state_dict().items()}
    prepare(network, torch.float32)
    after = network.state_dict()
    assert list(after) == list(before)
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor) and after[name].stride() == strides[name]


def test_what_is_loaded_is_prepared():
    segmenter = Segmenter.load("ssp_sam_tiny", "random", "cpu", "float32")
    modules = segmenter.inference.network.modules()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in modules)


@torch.no_grad()
def test_an_infinity_in_a_small_attention_is_no_answer(picture):
    """torch's fused kernel makes zeros of infinite keys; what they were made of must show it."""
    segmenter = Segmenter.load("ssp_sam_tiny", device="cpu", dtype="bfloat16")
    decoder = segmenter.inference.network.sam.mask_decoder
    decoder.transformer.layers[0].self_attn.k_proj.bias[0] = float("inf")
    (result,) = segmenter.refer(segmenter.encode(picture), ["the red mug"])
    assert result.outcome == Outcome.FAILED and "not finite" in result.reason


@pytest.mark.gpu
def test_float32_convolutions_take_no_shortcut_on_cuda():
    with arithmetic(torch.device("cuda"), torch.float32):
        assert not torch.backends.cudnn.allow_tf32
