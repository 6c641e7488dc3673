"""The towers against open_clip's and timm's own way through them."""

from __future__ import annotations

import pytest
import torch

from ssp_sam_ros.network import SSPSAM, Variant, load_variant
from ssp_sam_ros.network.backbone import TwoTowers, build_backbone, text_tokens, visual_tokens

from .conftest import picture, seeded, small_eva_clip, small_siglip2


def towers_of(variant: Variant) -> TwoTowers:
    torch.manual_seed(0)
    towers = build_backbone(variant, variant.text.tokenizer_pieces or 49408).eval()
    for parameter in towers.parameters():  # some start as zeros, ones or very small, which hides mistakes
        torch.nn.init.normal_(parameter, std=0.3 if parameter.ndim < 2 else parameter[0].numel() ** -0.5)
    return towers


def ids_of(variant: Variant) -> torch.Tensor:
    ids = torch.zeros(2, variant.text.context, dtype=torch.int64)
    ids[0, :4], ids[1, :6] = torch.tensor([7, 5, 9, 49]), torch.tensor([7, 5, 0, 7, 9, 49])
    return ids


@pytest.mark.parametrize(
    ("name", "config"),
    [("ssp_sam_224_eva_clip", "EVA02-B-16"), ("ssp_sam_224_siglip2", "ViT-B-16-SigLIP2")],
)
def test_names_and_shapes_are_those_of_open_clips_model(name: str, config: str) -> None:
    """So that its published files load unchanged."""
    from open_clip import get_model_config
    from open_clip.model import CustomTextCLIP

    sizes = get_model_config(config)
    del sizes["custom_text"]
    with torch.device("meta"):
        theirs = CustomTextCLIP(**sizes).state_dict()
        ours = SSPSAM(load_variant(name), with_sam_image_encoder=False).state_dict()
    prefix = "encoder."
    assert {k: t.shape for k, t in theirs.items()} == {
        k.removeprefix(prefix): t.shape for k, t in ours.items() if k.startswith(prefix)
    }


@torch.no_grad()
def test_eva_clip_without_surgery_is_timms_own() -> None:
    towers = towers_of(small_eva_clip())
    image = picture((64, 64), count=2)
    variant = small_eva_clip()
    plain = visual_tokens(towers, replace_surgery(variant, 0), image)
    assert plain.shape == (2, 17, 32)
    trunk = towers.visual.trunk
    torch.testing.assert_close(plain[:, 0], trunk(image), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(plain, trunk.head(trunk.forward_features(image)), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_surgery_on_eva_clip_changes_patches_and_keeps_the_class_token() -> None:
    variant = small_eva_clip()
    towers, image = towers_of(variant), picture((64, 64))
    plain = visual_tokens(towers, replace_surgery(variant, 0), image)
    operated = visual_tokens(towers, variant, image)
    torch.testing.assert_close(plain[:, 0], operated[:, 0], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(plain[:, 1:], operated[:, 1:], atol=1e-2)


@torch.no_grad()
def test_siglip2_patches_are_timms_own() -> None:
    variant = small_siglip2()
    towers, image = towers_of(variant), picture((64, 64), count=2)
    tokens = visual_tokens(towers, variant, image)
    assert tokens.shape == (2, 16, 64) and variant.class_tokens == 0
    torch.testing.assert_close(tokens, towers.visual.trunk.forward_features(image), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("variant", [small_eva_clip(), small_siglip2()], ids=lambda v: v.backbone)
@torch.no_grad()
def test_sentences_are_open_clips_own(variant: Variant) -> None:
    towers, ids = towers_of(variant), ids_of(variant)
    words, sentence = text_tokens(towers, variant, ids)
    assert words.shape == (2, variant.text.context, 32)
    torch.testing.assert_close(sentence, towers.text(ids), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_siglip2_projects_patches_and_sentence_before_their_similarity() -> None:
    network = seeded(small_siglip2())
    text = network.encode_text(ids_of(network.variant))
    visual = network.encode_clip_image(picture((64, 64)))
    similarity = network.prompt(visual, text).similarity
    patches, sentence = network.patch_proj(visual), network.sent_proj(text.sentence)
    expected = (patches / patches.norm(dim=1, keepdim=True)) @ sentence[..., None]
    expected = expected[..., 0] - expected[..., 0].amin(1, keepdim=True)
    torch.testing.assert_close(similarity, expected / expected.amax(1, keepdim=True), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("variant", [small_eva_clip(), small_siglip2()], ids=lambda v: v.backbone)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.no_grad()
def test_picture_and_sentence_to_mask(variant: Variant, dtype: torch.dtype) -> None:
    network = seeded(variant)
    with torch.autocast("cpu", dtype, enabled=dtype is not torch.float32):
        logits, iou, prompts = network(
            picture(variant.clip_size, 1, 2), picture(variant.sam_size, 2, 2), ids_of(variant)
        )
    assert logits.shape == (2, 1, 32, 32) and iou.shape == (2, 1) and prompts.sparse.shape == (2, 4, 32)
    assert logits.isfinite().all() and prompts.boxes.isfinite().all()


def replace_surgery(variant: Variant, blocks: int) -> Variant:
    from dataclasses import replace

    return replace(variant, clip=replace(variant.clip, surgery_blocks=blocks))
