from __future__ import annotations

import numpy as np
import pytest
import torch

from ssp_sam_ros.network import load_variant
from ssp_sam_ros.perception.precision import (
    arithmetic,
    choose_device,
    choose_precision,
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


@pytest.mark.gpu
def test_float32_convolutions_take_no_shortcut_on_cuda():
    with arithmetic(torch.device("cuda"), torch.float32):
        assert not torch.backends.cudnn.allow_tf32
