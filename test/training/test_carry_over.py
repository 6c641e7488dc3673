"""Trained values in a network of other words: the same words, the same answers."""

from __future__ import annotations

import dataclasses
import logging

import pytest
import torch

from ssp_sam_ros.network import SSPSAM, Variant, build_tokenizer, load_variant
from ssp_sam_ros.weights import load_network
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_training.carry_over import carry_over

SENTENCE = "the red mug left of the bowl"


def changed(context: int, fine: bool, *more: str) -> Variant:
    """The shipped variant with further words, sorted in between the others."""
    shipped = load_variant("ssp_sam_tiny")
    words = tuple(sorted({*(shipped.vocabulary or ()), *more}))
    text = dataclasses.replace(shipped.text, vocabulary=words, context=context)
    extensions = dataclasses.replace(shipped.extensions, fine_mask=fine)
    return dataclasses.replace(shipped, text=text, extensions=extensions)


def sentence(net: SSPSAM, text: str) -> torch.Tensor:
    ids = torch.from_numpy(build_tokenizer(net.variant)(text).ids)[None]
    return net.encode_text(ids).sentence


@torch.no_grad()
def test_known_words_mean_what_they_meant(caplog: pytest.LogCaptureFixture) -> None:
    trained, _ = load_network("ssp_sam_tiny")
    context, fine = trained.variant.text.context, trained.variant.extensions.fine_mask
    torch.manual_seed(1)
    fresh = SSPSAM(changed(context, fine, "aardvark", "zebra")).eval()
    assert not torch.allclose(sentence(fresh, SENTENCE), sentence(trained, SENTENCE), atol=0.1)
    with caplog.at_level(logging.WARNING):
        net = carry_over(trained, fresh, "old.safetensors")
    torch.testing.assert_close(sentence(net, SENTENCE), sentence(trained, SENTENCE))
    known = len(trained.variant.vocabulary or ())
    assert f"old.safetensors: {known} of {known + 2} words carried over" in caplog.text
    image = torch.rand(1, 3, *net.variant.sam_size)
    ours, theirs = (n.encode_image(None, image).visual for n in (net, trained))
    torch.testing.assert_close(ours, theirs)


@torch.no_grad()
def test_a_longer_context_reads_the_same_at_the_same_places() -> None:
    trained, _ = load_network("ssp_sam_tiny")
    longer = changed(trained.variant.text.context + 9, trained.variant.extensions.fine_mask)
    net = carry_over(trained, SSPSAM(longer).eval(), "old.safetensors")
    torch.testing.assert_close(sentence(net, SENTENCE), sentence(trained, SENTENCE))
    rows = len(trained.vl_pos_embed.weight)
    assert len(net.vl_pos_embed.weight) == rows + 9
    torch.testing.assert_close(net.vl_pos_embed.weight[:rows], trained.vl_pos_embed.weight)


@torch.no_grad()
def test_layers_that_join_the_generator_change_nothing_at_first() -> None:
    trained, _ = load_network("ssp_sam_tiny")
    variant = trained.variant
    torch.manual_seed(2)
    deeper = dataclasses.replace(
        variant, prompt=dataclasses.replace(variant.prompt, layers=variant.prompt.layers + 2)
    )
    net = carry_over(trained, SSPSAM(deeper).eval(), "old.safetensors")
    visual = torch.randn(1, 1 + variant.clip.grid[0] * variant.clip.grid[1], variant.joint_dim)
    ids = torch.from_numpy(build_tokenizer(variant)(SENTENCE).ids)[None]
    ours, theirs = (n.prompt(visual, n.encode_text(ids)) for n in (net, trained))
    torch.testing.assert_close(ours.sparse, theirs.sparse, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(ours.boxes, theirs.boxes, atol=1e-4, rtol=1e-3)


def test_other_sizes_are_refused() -> None:
    trained, _ = load_network("ssp_sam_tiny", "random")
    other = dataclasses.replace(trained.variant, prompt=dataclasses.replace(trained.variant.prompt, tokens=8))
    with pytest.raises(WeightsError, match=r"old\.safetensors is of another form of ssp_sam_tiny"):
        carry_over(trained, SSPSAM(other), "old.safetensors")


@torch.no_grad()
def test_an_extension_less_leaves_its_values_behind(caplog: pytest.LogCaptureFixture) -> None:
    trained, _ = load_network("ssp_sam_tiny")
    extensions = dataclasses.replace(trained.variant.extensions, text_in_sequence=False, position=False)
    fewer = dataclasses.replace(trained.variant, extensions=extensions)
    with caplog.at_level(logging.WARNING):
        net = carry_over(trained, SSPSAM(fewer).eval(), "old.safetensors")
    assert (
        "left behind: extensions.position.bias, extensions.position.weight, extensions.words" in caplog.text
    )
    torch.testing.assert_close(sentence(net, SENTENCE), sentence(trained, SENTENCE))
    rows = len(net.vl_pos_embed.weight)
    assert rows == len(trained.vl_pos_embed.weight) - 1 - trained.variant.text.context
    torch.testing.assert_close(net.vl_pos_embed.weight, trained.vl_pos_embed.weight[:rows])
