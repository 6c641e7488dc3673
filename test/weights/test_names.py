from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ssp_sam_ros.network import load_variant
from ssp_sam_ros.weights import WeightsError
from ssp_sam_ros.weights.initialisation import build_unfilled
from ssp_sam_ros.weights.names import (
    UNUSED_PREFIXES,
    Layout,
    authors_names,
    canonical_names,
    layout_of,
)


def released(repository: Path, name: str) -> dict[str, torch.Tensor]:
    """Tensors with the names and shapes of a released checkpoint, on no memory."""
    keys = json.loads((repository / "test/data/reference" / f"{name}.json").read_text())
    return {name: torch.empty(shape, device="meta") for name, (shape, _) in keys.items()}


@pytest.mark.parametrize("variant", ["224", "336"])
@pytest.mark.parametrize("layout", ["", "_after_forward"])
def test_released_names_are_the_networks_own(repository, variant, layout, monkeypatch):
    # Tensors without memory cannot be compared; that the alias is one is tested below.
    monkeypatch.setattr("ssp_sam_ros.weights.names.equal", lambda a, b: a.shape == b.shape)
    with torch.device("meta"):
        network = build_unfilled(load_variant(f"ssp_sam_{variant}"))
    ours = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    state = canonical_names(released(repository, f"keys_{variant}{layout}"), "file")
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == ours


@pytest.mark.parametrize("variant", ["224", "336"])
@pytest.mark.parametrize(
    ("layout", "kind"), [("", Layout.BEFORE), ("_after_forward", Layout.AFTER_WITH_ALIAS)]
)
def test_the_networks_names_become_released_ones_again(repository, variant, layout, kind, monkeypatch):
    monkeypatch.setattr("ssp_sam_ros.weights.names.equal", lambda a, b: a.shape == b.shape)
    state = released(repository, f"keys_{variant}{layout}")
    assert layout_of(state, "file") is kind
    back = authors_names(canonical_names(state, "file"), kind, surgery_blocks=6)
    expected = {name: tensor for name, tensor in state.items() if not name.startswith(UNUSED_PREFIXES)}
    assert {n: t.shape for n, t in back.items()} == {n: t.shape for n, t in expected.items()}


BLOCK = "encoder.visual.transformer.resblocks.{}.attn."


def test_both_layouts_give_the_same_tensors():
    values = {
        leaf: torch.randn(3)
        for leaf in ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    }
    renamed = ("qkv.weight", "qkv.bias", "proj.weight", "proj.bias")
    before = {BLOCK.format(11) + leaf: value for leaf, value in values.items()}
    after = {BLOCK.format(11) + leaf: value for leaf, value in zip(renamed, values.values(), strict=True)}
    alias = {
        f"encoder.visual.attn.{leaf}": value for leaf, value in zip(renamed, values.values(), strict=True)
    }
    assert canonical_names(before, "file").keys() == before.keys()
    for name, tensor in canonical_names(after | alias, "file").items():
        assert tensor is before[name]


def test_only_the_named_unused_tensors_are_dropped():
    state = dict.fromkeys(
        ("img2img_attn.pos_x", "norm_text_cond_img.bias", "img2img.bias", "x"), torch.ones(1)
    )
    assert set(canonical_names(state, "file")) == {"img2img.bias", "x"}


def test_an_alias_of_something_else_is_an_error():
    state = {BLOCK.format(2) + "qkv.bias": torch.zeros(2), "encoder.visual.attn.qkv.bias": torch.ones(2)}
    with pytest.raises(WeightsError, match=r"encoder\.visual\.attn"):
        canonical_names(state, "file")


def test_a_tensor_in_both_layouts_is_an_error():
    state = {BLOCK.format(2) + "qkv.bias": torch.zeros(2), BLOCK.format(2) + "in_proj_bias": torch.zeros(2)}
    with pytest.raises(WeightsError, match="twice"):
        canonical_names(state, "file")


def test_the_alias_may_be_missing():
    state = {BLOCK.format(0) + "in_proj_bias": torch.ones(1), BLOCK.format(1) + "qkv.bias": torch.ones(1)}
    assert layout_of(state, "file") is Layout.AFTER
    assert authors_names(canonical_names(state, "file"), Layout.AFTER, surgery_blocks=1) == state


@pytest.mark.parametrize(
    "names",
    [
        [BLOCK.format(1) + "qkv.bias", BLOCK.format(1) + "in_proj_weight"],
        [BLOCK.format(0) + "qkv.bias", BLOCK.format(1) + "in_proj_bias"],
        [BLOCK.format(0) + "in_proj_bias", "encoder.visual.attn.qkv.bias"],
    ],
)
def test_a_mixture_of_both_layouts_is_an_error(names):
    with pytest.raises(WeightsError, match="mixes the tensor names"):
        layout_of(names, "file")


def test_a_network_without_surgery_has_one_layout():
    state = {"encoder.visual.trunk.norm.weight": torch.ones(1)}
    assert authors_names(state, Layout.BEFORE, surgery_blocks=6) == state
    with pytest.raises(WeightsError, match="no CLIP surgery"):
        authors_names(state, Layout.AFTER, surgery_blocks=6)
