from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ssp_sam_ros.network import SSPSAM, load_variant
from ssp_sam_ros.network.clip import build_clip, text_tokens, visual_tokens

from .conftest import picture, small_published

REFERENCE = Path(__file__).resolve().parents[1] / "data" / "reference"


@torch.no_grad()
def test_without_surgery_the_tokens_are_open_clips_own() -> None:
    torch.manual_seed(0)
    clip = build_clip(small_published(), 49408).eval()
    image = picture((64, 64), count=2)
    own = visual_tokens(clip, image, surgery_blocks=0)
    torch.testing.assert_close(own[:, 0], clip.encode_image(image), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_sentence_feature_is_open_clips_own() -> None:
    torch.manual_seed(0)
    clip = build_clip(small_published(), 49408).eval()
    ids = torch.zeros(2, 77, dtype=torch.int64)
    ids[0, :4], ids[1, :6] = torch.tensor([49406, 5, 9, 49407]), torch.tensor([49406, 5, 0, 7, 9, 49407])
    words, sentence = text_tokens(clip, ids)
    assert words.shape == (2, 77, 32)
    torch.testing.assert_close(sentence, clip.encode_text(ids), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_surgery_changes_patches_and_keeps_the_class_token() -> None:
    """The original stream runs on beside the new one, so the class token must not notice the surgery."""
    torch.manual_seed(0)
    clip = build_clip(small_published(), 49408).eval()
    image = picture((64, 64))
    plain, operated = visual_tokens(clip, image, 0), visual_tokens(clip, image, 2)
    torch.testing.assert_close(plain[:, 0], operated[:, 0], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(plain[:, 1:], operated[:, 1:], atol=1e-2)


@pytest.mark.parametrize("name", ["224", "336"])
def test_tensor_names_and_shapes_are_the_releases(name: str) -> None:
    with torch.device("meta"):
        net = SSPSAM(load_variant(f"ssp_sam_{name}"))
    keys = json.loads((REFERENCE / f"keys_{name}.json").read_text())
    unused = ("img2img_attn.", "norm_text_cond_img.")
    expected = {k: shape for k, (shape, _) in keys.items() if not k.startswith(unused)}
    assert {k: list(t.shape) for k, t in net.state_dict().items()} == expected
