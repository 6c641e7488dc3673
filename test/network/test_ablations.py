"""What the paper's ablations take away from the prompt encoder: shapes, gradients, what no longer matters."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from ssp_sam_ros.network import SSPSAM, ImageFeatures, Prompts, Variant, load_variant
from ssp_sam_ros.network.features import TextFeatures
from ssp_sam_ros.network.variant import VariantError


def network(**prompt: Any) -> SSPSAM:
    """A very small network of the published form with these fields of `prompt`."""
    raw = json.loads(load_variant("ssp_sam_tiny_plain").to_json())
    raw["joint_dim"] = 32
    raw["clip"] |= {"image_size": [64, 64], "width": 32, "layers": 1, "head_width": 16, "surgery_blocks": 0}
    raw["text"] |= {"width": 32, "heads": 2, "layers": 1, "context": 6}
    raw["prompt"] |= {
        "dim": 32,
        "tokens": 4,
        "attention_heads": 2,
        "heads": 2,
        "layers": 2,
        "feed_forward": 32,
    }
    raw["prompt"] |= prompt
    raw["sam"] |= {"image_size": [64, 64], "dim": 32, "decoder_heads": 2, "decoder_feed_forward": 32}
    raw["sam"]["encoder"] |= {"width": 32, "depth": 1, "heads": 2, "global_attention": [0]}
    torch.manual_seed(0)
    return SSPSAM(Variant.from_json(json.dumps(raw))).eval()


def inputs(rows: int = 3) -> tuple[torch.Tensor, TextFeatures]:
    generator = torch.Generator().manual_seed(1)
    ids = torch.tensor([[5, 6, 7, 8, 0, 0]]).repeat(rows, 1)
    words, sentence = (
        torch.randn(rows, 6, 32, generator=generator),
        torch.randn(rows, 32, generator=generator),
    )
    return torch.randn(rows, 17, 32, generator=generator), TextFeatures(ids, words, sentence)


def prompts(net: SSPSAM) -> Prompts:
    return net.prompt(*inputs())


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({"generator": "decoder"}, 4),
        ({"generator": "mlp"}, 16),
        ({"gaussian": False}, 4),
        ({"visual_adapter": False}, 4),
        ({"language_adapter": False}, 4),
        ({"visual_adapter": False, "language_adapter": False, "generator": "mlp"}, 16),
    ],
)
def test_every_ablation_prompts_decodes_and_learns(fields: dict[str, Any], tokens: int) -> None:
    net = network(**fields)
    out = prompts(net)
    assert out.sparse.shape == (3, tokens, 32) and out.boxes.shape == (3, 4)
    embedding = torch.randn(3, 32, 4, 4, generator=torch.Generator().manual_seed(2))
    logits, _ = net.decode(ImageFeatures(inputs()[0], embedding), out)
    (logits.mean() + out.boxes.mean()).backward()
    for parameter in (net.mlp.weight, net.clip_img_proj.layers[0].weight, net.bbox_embed.layers[0].weight):
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0


def test_without_the_mapping_its_parameters_do_not_matter() -> None:
    for gaussian, matters in ((True, True), (False, False)):
        net = network(gaussian=gaussian)
        before = prompts(net).sparse
        with torch.no_grad():
            net.tf_sigma.fill_(0.1)
        assert torch.equal(prompts(net).sparse, before) is not matters


def test_without_the_visual_adapter_the_sentence_selects_no_patches() -> None:
    for adapter, matters in ((True, True), (False, False)):
        net = network(visual_adapter=adapter)
        visual, text = inputs()
        other = TextFeatures(text.ids, text.words, text.sentence.flip(-1))
        same = torch.equal(net.prompt(visual, text).sparse, net.prompt(visual, other).sparse)
        assert same is not matters


def test_without_the_language_adapter_the_phrase_is_the_words_mean() -> None:
    out = prompts(network(language_adapter=False))
    expected = torch.tensor([0.25, 0.25, 0.25, 0.25, 0, 0]).expand(3, -1)
    torch.testing.assert_close(out.phrase_attention, expected)


def test_extensions_want_the_encoder() -> None:
    raw = json.loads(load_variant("ssp_sam_tiny").to_json())
    raw["prompt"]["generator"] = "mlp"
    with pytest.raises(VariantError, match=r"want prompt\.generator encoder, not mlp"):
        Variant.from_json(json.dumps(raw))
