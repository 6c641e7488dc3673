"""Attention for the gallery: the network's own numbers, put on the picture and the words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ssp_sam_ros.network import build_tokenizer, load_variant
from ssp_sam_ros.perception.geometry import clip_geometry
from ssp_sam_training.evaluation.attention import Attention, attention_of, picture_part, word_weights
from ssp_sam_training.evaluation.segmenter import SegmenterPredictor


@pytest.fixture(scope="module")
def predictor() -> SegmenterPredictor:
    return SegmenterPredictor.load("ssp_sam_tiny", "random", "cpu", "float32")


def test_it_is_the_networks_gate_and_phrase_attention(predictor: SegmenterPredictor) -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 200, 3), np.uint8)
    sentence = "the large red mug"
    found = attention_of(predictor.segmenter, predictor.tokenizer, image, sentence)
    assert found is not None
    inference = predictor.segmenter.inference
    picture = inference.encode_picture(image)
    ids = predictor.tokenizer(sentence).ids[None]
    prompts = inference.prompt(picture, inference.encode_text(ids))
    assert prompts.visual_attention is not None
    # The gate of Eq. 4 from its own parts, in the network's own module.
    network = inference.network
    with torch.inference_mode():
        captured: list[torch.Tensor] = []
        hooks = [
            module.register_forward_hook(lambda _module, _inputs, output: captured.append(output))
            for module in (network.img_proj, network.imgtext_proj)
        ]
        inference.prompt(picture, inference.encode_text(ids))
        for hook in hooks:
            hook.remove()
        s = torch.nn.functional.cosine_similarity(captured[0], captured[1], dim=-1)
        gate = network.tf_scale * torch.exp(-((1 - s) ** 2) / (2 * network.tf_sigma**2))
    torch.testing.assert_close(prompts.visual_attention, gate, rtol=1e-5, atol=1e-6)
    assert found.visual.shape == (29, 48)
    assert found.visual.min() == 0 and found.visual.max() == 1
    assert [word for word, _ in found.words] == sentence.split()
    # Start, end and full stop have the rest.
    psi = prompts.phrase_attention[0].numpy()
    assert sum(weight for _, weight in found.words) == pytest.approx(psi[1:5].sum(), rel=1e-5)
    assert attention_of(predictor.segmenter, predictor.tokenizer, image, "the qwertzuiop") is None


def test_the_map_is_cut_to_the_picture() -> None:
    place = clip_geometry((100, 200), (224, 224))  # 112 rows, 56 of padding above and below
    patches = np.zeros((14, 14), np.float32)
    patches[:3] = 9  # all padding
    patches[7:, 7:] = 1
    cut = picture_part(patches, place, 40)
    assert cut.shape == (20, 40)
    assert cut[:8].max() == 0 and cut[13:, 25:].min() == 1
    assert not picture_part(np.ones((14, 14), np.float32), place).any()  # constant: nothing stands out


def test_words_have_the_sum_of_their_pieces() -> None:
    tokenizer = build_tokenizer(load_variant("ssp_sam_224"))
    sentence = "the screwdriver's leftmost qwertzuiopas"
    ids = tokenizer(sentence).ids
    weights = np.arange(len(ids), dtype=np.float32)
    words = word_weights(tokenizer, sentence, weights)
    assert [word for word, _ in words] == sentence.split()
    length = int(np.flatnonzero(ids)[-1]) + 1
    inside = np.arange(1, length - 2)  # but start, full stop and end
    assert sum(weight for _, weight in words) == inside.sum()
    assert words[0][1] == 1 and words[-1][1] > words[1][1]
    assert word_weights(tokenizer, "word " * 100, weights)[-1] == ("word", 0.0)  # cut off


def test_it_travels_as_json() -> None:
    one = Attention(np.array([[0, 0.5], [0.25, 1]], np.float32), (("red", 0.25),))
    again = Attention.from_plain(one.as_dict())
    np.testing.assert_allclose(again.visual, one.visual, atol=0.005)
    assert again.words == one.words
