from __future__ import annotations

import numpy as np
import pytest
import torch

from ssp_sam_ros.network import SSPSAM, TextFeatures, build_tokenizer
from ssp_sam_ros.network.prompt_encoder import normalise_over_tokens, sentence_similarity

from .conftest import picture


def ids_of(net: SSPSAM, *sentences: str) -> torch.Tensor:
    tokenizer = build_tokenizer(net.variant)
    return torch.from_numpy(np.stack([tokenizer(s).ids for s in sentences]))


def test_features_are_normalised_over_tokens_class_token_included() -> None:
    x = torch.randn(2, 5, 3)
    np.testing.assert_allclose(normalise_over_tokens(x).square().sum(1), np.ones((2, 3)), rtol=1e-5)


def test_similarity_spans_zero_to_one_and_a_constant_map_is_zero() -> None:
    f_v, sentence = torch.randn(1, 6, 4), torch.randn(3, 4)
    s = sentence_similarity(f_v, sentence)
    assert s.shape == (3, 6)
    np.testing.assert_array_equal(s.amin(1), np.zeros(3))
    np.testing.assert_array_equal(s.amax(1), np.ones(3))
    constant = sentence_similarity(torch.ones(1, 6, 4), sentence)
    assert torch.equal(constant, torch.zeros(3, 6))


@torch.no_grad()
def test_phrase_attention_sums_to_one_and_ignores_id_zero(published: SSPSAM) -> None:
    ids = ids_of(published, "mug!? on the table", "mug")
    visual = published.encode_clip_image(picture(published.variant.clip_size))
    psi = published.prompt(visual, published.encode_text(ids)).phrase_attention
    np.testing.assert_allclose(psi.sum(1), np.ones(2), rtol=1e-5)
    assert (psi[ids == 0] == 0).all()
    assert (psi[ids != 0] > 0).all()


@torch.no_grad()
def test_many_expressions_on_one_picture_equal_a_loop(published: SSPSAM, tiny: SSPSAM) -> None:
    for net, sentences in (
        (published, ("left zebra", "the second mug", "a")),
        (tiny, ("the red mug", "left bowl", "cans")),
    ):
        v = net.variant
        clip = None if v.shared_trunk else picture(v.clip_size)
        features = net.encode_image(clip, picture(v.sam_size, 1))
        text = net.encode_text(ids_of(net, *sentences))
        batch = net.prompt(features.visual, text)
        logits, iou = net.decode(features, batch)
        for i in range(len(sentences)):
            one = net.prompt(features.visual, text[i])
            single, quality = net.decode(features, one)
            torch.testing.assert_close(batch.sparse[i : i + 1], one.sparse, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(batch.boxes[i : i + 1], one.boxes, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(logits[i : i + 1], single, rtol=1e-3, atol=1e-4)
            torch.testing.assert_close(iou[i : i + 1], quality, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_the_expression_matters_and_so_does_the_picture(tiny: SSPSAM) -> None:
    size = tiny.variant.sam_size
    a, b = tiny.encode_image(None, picture(size, 1)), tiny.encode_image(None, picture(size, 2))
    text = tiny.encode_text(ids_of(tiny, "the red mug", "the blue bowl"))
    sparse = tiny.prompt(a.visual, text).sparse
    assert not torch.allclose(sparse[0], sparse[1], atol=1e-3)
    assert not torch.allclose(sparse[0], tiny.prompt(b.visual, text).sparse[0], atol=1e-3)


@torch.no_grad()
def test_alignment_is_absolute_and_reaches_the_prompts(tiny: SSPSAM) -> None:
    """Unlike S_c it does not depend on the other patches; and what it says changes the prompts."""
    visual = tiny.encode_image(None, picture(tiny.variant.sam_size)).visual
    text = tiny.encode_text(ids_of(tiny, "the red mug"))
    extensions = tiny.extensions
    assert extensions is not None
    whole = extensions.alignment(visual[:, 1:], text.sentence)
    part = extensions.alignment(visual[:, 1:5], text.sentence)
    assert whole is not None and part is not None and whole.shape == (1, 300)
    torch.testing.assert_close(whole[:, :4], part, rtol=1e-4, atol=1e-5)
    before = tiny.prompt(visual, text).sparse
    bias = extensions.align_bias.clone()
    extensions.align_bias += 5.0
    try:
        after = tiny.prompt(visual, text).sparse
    finally:
        extensions.align_bias.copy_(bias)
    assert not torch.allclose(before, after, atol=1e-3)


def test_dropout_acts_in_training_only(published: SSPSAM) -> None:
    visual = torch.randn(1, 17, 32)
    text = published.encode_text(ids_of(published, "the mug"))
    published.train()
    try:
        noisy = [published.prompt(visual, text).sparse for _ in range(2)]
    finally:
        published.eval()
    assert not torch.equal(noisy[0], noisy[1])
    quiet = [published.prompt(visual, text).sparse for _ in range(2)]
    assert torch.equal(quiet[0], quiet[1])


@torch.no_grad()
def test_presence_lowers_every_logit(tiny: SSPSAM) -> None:
    from dataclasses import replace

    features = tiny.encode_image(None, picture(tiny.variant.sam_size))
    prompts = tiny.prompt(features.visual, tiny.encode_text(ids_of(tiny, "the red mug")))
    sure, _ = tiny.decode(features, replace(prompts, presence=torch.tensor([50.0])))
    absent, _ = tiny.decode(features, replace(prompts, presence=torch.tensor([-30.0])))
    torch.testing.assert_close(sure - absent, torch.full_like(sure, 30.0), rtol=1e-4, atol=1e-3)


@torch.no_grad()
def test_what_needs_no_picture_is_computed_once(published: SSPSAM, tiny: SSPSAM) -> None:
    for net in (published, tiny):
        v = net.variant
        clip = None if v.shared_trunk else picture(v.clip_size)
        visual = net.encode_image(clip, picture(v.sam_size, 1)).visual
        text = net.encode_text(ids_of(net, "the red mug", "the bowl"))
        whole = net.prompt(visual, text)
        adapted = net.adapt_text(text)
        assert text.phrase is None and adapted.nbytes > text.nbytes
        assert net.adapt_text(adapted) is adapted
        handle = net.text_proj.register_forward_hook(lambda *_: pytest.fail("the GRU ran again"))
        again = net.prompt(visual, adapted)
        handle.remove()
        assert torch.equal(whole.sparse, again.sparse) and torch.equal(whole.boxes, again.boxes)
        assert torch.equal(whole.phrase_attention, again.phrase_attention)


@torch.no_grad()
def test_rows_of_texts_keep_what_was_computed(tiny: SSPSAM) -> None:
    text = tiny.encode_text(ids_of(tiny, "the red mug", "the bowl", "all cans"))
    adapted = tiny.adapt_text(text)
    joined = TextFeatures.cat([adapted[2], adapted[0].clone()])
    assert joined.phrase is not None and adapted.phrase is not None
    assert torch.equal(joined.phrase, adapted.phrase[[2, 0]])
    assert torch.equal(joined.ids, text.ids[[2, 0]])
    assert TextFeatures.cat([adapted[2], text[0]]).phrase is None  # then it is computed anew
