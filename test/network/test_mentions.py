from __future__ import annotations

import dataclasses

import pytest
import torch

from ssp_sam_ros.network import SSPSAM, Variant, load_variant
from ssp_sam_ros.network.mentions import ROLES, Mentions
from ssp_sam_ros.sim.bench import mentions as told_by_the_bench


def variant(on: bool = True) -> Variant:
    shipped = load_variant("ssp_sam_tiny")
    return dataclasses.replace(shipped, extensions=dataclasses.replace(shipped.extensions, mentions=on))


@pytest.fixture
def module() -> Mentions:
    torch.manual_seed(0)
    return Mentions(variant()).eval()


def test_the_simulators_sets_tell_the_same_roles() -> None:
    assert told_by_the_bench.ROLES == ROLES


@torch.no_grad()
def test_padding_is_never_chosen(module: Mentions) -> None:
    visual, words = torch.randn(1, 300, 192), torch.randn(2, 6, 192)
    padding = torch.zeros(2, 6, dtype=torch.bool)
    padding[1, 4:] = True
    logits = module(visual, words, padding)
    assert logits.shape == (2, len(ROLES), 300) and logits.dtype == torch.float32
    torch.testing.assert_close(logits[1:], module(visual, words[1:, :4], padding[1:, :4]))
    words[1, 4:] += 100
    torch.testing.assert_close(logits, module(visual, words, padding))


@torch.no_grad()
def test_each_patch_is_told_where_it_lies_from_what_fits(module: Mentions) -> None:
    """An anchor moved two columns to the right tells each patch what it told the one two columns before."""
    rows, columns = variant().clip.grid
    torch.nn.init.normal_(module.into.weight)
    maps = torch.full((2, len(ROLES), rows, columns), -30.0)
    maps[0, 1, 7, 5] = maps[1, 1, 7, 7] = 30.0
    out = module.told(maps.flatten(2)).unflatten(1, (rows, columns))
    torch.testing.assert_close(out[0, :, :10], out[1, :, 2:12], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(out[0], out[1], atol=1e-2)


@torch.no_grad()
def test_what_is_not_there_is_no_place(module: Mentions) -> None:
    torch.nn.init.normal_(module.into.weight)
    nowhere = torch.full((1, len(ROLES), 300), -30.0)
    nowhere[0, :, 7] = -20.0
    out = module.told(nowhere)
    torch.testing.assert_close(out, out[:, :1].expand_as(out), rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_middles_are_as_exact_under_autocast(module: Mentions) -> None:
    torch.nn.init.normal_(module.into.weight)
    maps = torch.randn(1, len(ROLES), 300) * 5
    plain = module.told(maps)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = module.told(maps)
    assert (plain - rounded).abs().max() < 0.02 * plain.abs().max()


@torch.no_grad()
def test_a_network_without_goes_on_as_it_was_until_it_learns() -> None:
    torch.manual_seed(0)
    without, new = SSPSAM(variant(False)).eval(), SSPSAM(variant()).eval()
    missing, unknown = new.load_state_dict(without.state_dict(), strict=False)
    assert not unknown and all(name.startswith("extensions.mentions.") for name in missing)
    visual = without.encode_image(None, torch.randn(1, 3, 240, 320)).visual
    ids = torch.zeros(1, without.variant.text.context, dtype=torch.int64)
    ids[:, :3] = torch.tensor([2, 9, 4])
    before, after = (net.prompt(visual, net.encode_text(ids)) for net in (without, new))
    torch.testing.assert_close(before.sparse, after.sparse)
    assert before.mentions is None and after.mentions.shape == (1, len(ROLES), 300)
    torch.nn.init.normal_(new.extensions.mentions.into.weight)
    assert not torch.allclose(new.prompt(visual, new.encode_text(ids)).sparse, before.sparse, atol=1e-3)
