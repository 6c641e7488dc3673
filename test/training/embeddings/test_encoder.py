"""The image encoder on its own makes what the whole network makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ssp_sam_ros.network import load_variant
from ssp_sam_ros.perception.inference import Inference
from ssp_sam_ros.weights import load_network
from ssp_sam_training.embeddings import StoreError
from ssp_sam_training.embeddings.encoder import SamEncoder, embedding_shape, encoder_digest


def test_embeddings_are_those_of_the_network(small_variant: Path) -> None:
    encoder = SamEncoder.load(small_variant, "random:3", "cpu", "float32")
    pictures = [np.random.default_rng(k).integers(0, 256, (30, 40, 3), np.uint8) for k in range(2)]
    embeddings = encoder.encode([encoder.prepare(picture) for picture in pictures])
    assert embeddings.dtype == np.float16 and embeddings.shape == (2, 32, 4, 4)
    network, _ = load_network(small_variant, "random:3")
    for picture, embedding in zip(pictures, embeddings, strict=True):
        whole = Inference(network, torch.float32).encode_picture(picture).features.embedding[0]
        np.testing.assert_allclose(embedding, whole.numpy(), rtol=2e-3, atol=2e-3)
    assert encoder.info.shape == (32, 4, 4) and encoder.info.record_bytes == 2 * 32 * 16
    assert encoder.info.precision == "float32"


def test_the_digest_names_the_encoder_alone(small_variant: Path) -> None:
    one, _ = load_network(small_variant, "random:1")
    digest = encoder_digest(one)
    with torch.no_grad():
        one.tf_scale.add_(1)
        assert encoder_digest(one) == digest
        next(one.sam.image_encoder.parameters()).add_(1)
    assert encoder_digest(one) != digest
    assert encoder_digest(load_network(small_variant, "random:2")[0]) != digest


def test_a_shared_trunk_is_refused() -> None:
    with pytest.raises(StoreError, match="ssp_sam_tiny has one trunk for both image encoders"):
        SamEncoder.load("ssp_sam_tiny", None, "cpu")


def test_the_published_sizes() -> None:
    assert embedding_shape(load_variant("ssp_sam_336")) == (256, 64, 64)
