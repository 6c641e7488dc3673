from __future__ import annotations

import zlib

import numpy as np
import pytest

from ssp_sam_ros.weights.golden import golden_case, golden_inputs, golden_tensor


def draws(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng([zlib.crc32(name.encode()), seed]).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "shape", "rule"),
    [
        ("encoder.visual.ln_pre.weight", (5,), lambda x: 1 + 0.1 * x),
        ("encoder.ln_final.bias", (5,), lambda x: 0.05 * x),
        ("norm_img.weight", (5,), lambda x: 1 + 0.1 * x),
        ("sam.mask_decoder.output_upscaling.1.weight", (5,), lambda x: 1 + 0.1 * x),
        ("sam.prompt_encoder.point_embeddings.2.weight", (1, 5), lambda x: 0.5 * x),
        ("encoder.visual.class_embedding", (5,), lambda x: 0.5 * x),
        ("vl_pos_embed.weight", (4, 5), lambda x: 0.5 * x),
        ("sam.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix", (2, 5), lambda x: x),
        ("encoder.visual.conv1.weight", (4, 3, 2, 2), lambda x: x / np.float32(np.sqrt(12))),
        ("clip_proj.bias", (5,), lambda x: 0.05 * x),
        # "norm" in the name of the tensor itself is not its owner's.
        ("norm_like", (5,), lambda x: 0.05 * x),
    ],
)
def test_rules(name, shape, rule):
    values = golden_tensor(name, shape, seed=2)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, rule(draws(name, shape, 2)))


def test_learned_scalars_depend_on_the_seed():
    assert golden_tensor("tf_scale", (1,), 1) == np.float32(1.0)
    assert golden_tensor("tf_scale", (1,), 2) == np.float32(1.3)
    assert golden_tensor("tf_sigma", (1,), 1) == np.float32(0.5)
    assert golden_tensor("tf_sigma", (1,), 2) == np.float32(0.7)
    assert golden_tensor("encoder.logit_scale", (), 1).shape == ()
    assert golden_tensor("encoder.logit_scale", (), 1) == 2.0


def test_cases_and_inputs():
    assert golden_case(1).image_size == (480, 640)
    assert golden_case(2).expressions[0] == "mug!?."
    image, embedding = golden_inputs((224, 224), 1)
    assert image.shape == (2, 3, 224, 224) and embedding.shape == (2, 256, 64, 64)
    assert image.dtype == embedding.dtype == np.float32
    rng = np.random.default_rng(101)
    np.testing.assert_array_equal(image, rng.standard_normal((2, 3, 224, 224), dtype=np.float32))
