from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ssp_sam_ros.network import SSPSAM, ImageFeatures, Prompts, load_variant

from .conftest import picture


def prompts_of(count: int, width: int, tokens: int = 4, seed: int = 0) -> Prompts:
    generator = torch.Generator().manual_seed(seed)
    empty = torch.zeros(count, 4)
    return Prompts(torch.randn(count, tokens, width, generator=generator), empty, empty, empty)


@torch.no_grad()
def test_decoding_equals_segment_anythings_own_forward(published: SSPSAM) -> None:
    sam = published.sam
    embedding = published.encode_sam_image(picture(published.variant.sam_size))
    prompts = prompts_of(3, 32)
    logits, iou = published.decode(ImageFeatures(torch.zeros(1, 17, 32), embedding), prompts)
    _, dense = sam.prompt_encoder(points=None, boxes=None, masks=None)
    expected, quality = sam.mask_decoder(
        image_embeddings=embedding,
        image_pe=sam.prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=prompts.sparse,
        dense_prompt_embeddings=dense.expand(3, -1, -1, -1),
        multimask_output=False,
    )
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(iou, quality, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_decoding_in_several_batches_is_decoding_at_once(published: SSPSAM, monkeypatch) -> None:
    embedding = published.encode_sam_image(picture(published.variant.sam_size, count=5))
    prompts = prompts_of(5, 32)
    for rows in (slice(0, 1), slice(0, 5)):
        features = ImageFeatures(torch.zeros(5, 17, 32)[rows], embedding[rows])
        whole = published.decode(features, prompts)
        with monkeypatch.context() as smaller:
            smaller.setattr("ssp_sam_ros.network.sam.LARGEST_TENSOR", 2 * 32 * 64 * 4 * 2 + 1)
            parts = published.decode(features, prompts)
        for a, b in zip(whole, parts, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_pictures_and_prompts_meet_row_by_row(published: SSPSAM) -> None:
    features = ImageFeatures(
        torch.zeros(2, 17, 32), published.encode_sam_image(picture(published.variant.sam_size, count=2))
    )
    prompts = prompts_of(2, 32)
    together, _ = published.decode(features, prompts)
    for i in range(2):
        row = Prompts(prompts.sparse[i : i + 1], *(torch.zeros(1, 4),) * 3)
        alone, _ = published.decode(features.rows(slice(i, i + 1)), row)
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-4, atol=1e-5)


def test_two_pictures_for_three_prompts_is_an_error(published: SSPSAM) -> None:
    features = ImageFeatures(torch.zeros(2, 17, 32), torch.zeros(2, 32, 8, 8))
    with pytest.raises(ValueError, match="2 pictures for 3 expressions"):
        published.decode(features, prompts_of(3, 32))


@torch.no_grad()
def test_finer_maps_join_the_upscaling_where_the_modules_say(tiny: SSPSAM) -> None:
    """Fused upscaling equals segment_anything's modules with the maps added after each convolution."""
    features = tiny.encode_image(None, picture(tiny.variant.sam_size))
    up1, norm1, act1, up2, act2 = tiny.sam.mask_decoder.output_upscaling
    source = torch.randn_like(features.embedding)
    expected = act2(up2(act1(norm1(up1(source) + features.high_res[0]))) + features.high_res[1])
    torch.testing.assert_close(tiny.sam._upscale(source, features), expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_trunk_strides_and_sizes(tiny: SSPSAM) -> None:
    f16, embedding, fine = tiny.sam.image_encoder(picture(tiny.variant.sam_size, count=2))
    assert f16.shape == (2, 256, 15, 20)
    dim = tiny.variant.sam.dim
    assert embedding.shape == (2, dim, 15, 20)
    assert [tuple(f.shape) for f in fine[:2]] == [(2, dim // 4, 30, 40), (2, dim // 8, 60, 80)]
    assert len(fine) == 2 + tiny.variant.extensions.fine_mask


def fine(on: bool) -> SSPSAM:
    shipped = load_variant("ssp_sam_tiny")
    extensions = dataclasses.replace(shipped.extensions, fine_mask=on)
    torch.manual_seed(0)
    return SSPSAM(dataclasses.replace(shipped, extensions=extensions)).eval()


@torch.no_grad()
def test_a_finer_mask_begins_as_the_coarser_one() -> None:
    """And is one picture's for several expressions, in one batch or split, as the coarser one is."""
    coarse, net = fine(False), fine(True)
    lost, unknown = net.load_state_dict(coarse.state_dict(), strict=False)
    assert not unknown and {name.split(".")[1] for name in lost} == {"fine_mask", "image_encoder"}
    image = picture(net.variant.sam_size)
    features = net.encode_image(None, image)
    assert [tuple(f.shape[1:]) for f in features.high_res] == [(32, 30, 40), (16, 60, 80), (8, 120, 160)]
    prompts = prompts_of(3, net.variant.sam.dim)
    before = coarse.decode(coarse.encode_image(None, image), prompts)[0]
    after = net.decode(features, prompts)[0]
    assert after.shape == (3, 1, 120, 160) and net.variant.mask_stride == 2
    torch.testing.assert_close(after, F.interpolate(before, scale_factor=2, mode="bilinear"))
    torch.nn.init.normal_(net.sam.fine_mask.weights.weight)
    changed = net.decode(features, prompts)[0]
    assert (changed - after).abs().max() > 0.1
    for i in range(3):
        alone = net.decode(features, prompts.rows(slice(i, i + 1)))[0]
        torch.testing.assert_close(changed[i : i + 1], alone, rtol=1e-4, atol=1e-4)


def test_image_features_know_their_bytes() -> None:
    features = ImageFeatures(torch.zeros(1, 17, 32), torch.zeros(1, 32, 8, 8), (torch.zeros(1, 8, 16, 16),))
    assert features.nbytes == 4 * (17 * 32 + 32 * 64 + 8 * 256)
    assert features.expand(5).embedding.shape == (5, 32, 8, 8)
    assert np.shares_memory(features.expand(5).embedding.numpy(), features.embedding.numpy())
