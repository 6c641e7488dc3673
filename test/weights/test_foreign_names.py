"""Files of SAM, OpenAI, open_clip and timm under the network's names; the last against a real timm model."""

from __future__ import annotations

import pytest
import torch

from ssp_sam_ros.weights import WeightsError
from ssp_sam_ros.weights.foreign_names import network_names


def test_sams_own_names():
    state = {"image_encoder.pos_embed": torch.ones(1), "mask_decoder.iou_token.weight": torch.ones(2)}
    assert list(network_names(state, (), "file")) == [f"sam.{name}" for name in state]


def test_openais_names_and_its_sizes():
    state = {"visual.conv1.weight": torch.ones(1), "logit_scale": torch.ones(())}
    sizes = dict.fromkeys(("input_resolution", "context_length", "vocab_size"), torch.tensor(7))
    assert list(network_names(state | sizes, (), "file")) == [f"encoder.{name}" for name in state]


def test_the_networks_own_names_stay(small_network):
    state = small_network.state_dict()
    assert network_names(state, state, "file").keys() == state.keys()


@pytest.fixture(scope="module")
def timm_tower():
    """timm's image tower with the sizes of the small network's, and random weights."""
    from ssp_sam_ros.network import compat  # noqa: F401  (prepares the import of torchvision)

    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    return timm.models.vision_transformer.VisionTransformer(
        img_size=32,
        patch_size=8,
        embed_dim=32,
        depth=3,
        num_heads=2,
        num_classes=32,
        global_pool="token",
        pre_norm=True,
        norm_layer=lambda width, **_: torch.nn.LayerNorm(width, eps=1e-5),
        act_layer="quick_gelu",
    ).eval()


@pytest.mark.parametrize("within_open_clip", [False, True])
def test_a_timm_image_tower_computes_the_same(small_network, timm_tower, within_open_clip):
    with torch.no_grad():
        timm_tower.head.bias.zero_()
    state = dict(timm_tower.state_dict())
    if within_open_clip:  # there the projection is a layer of its own, without bias
        head = state.pop("head.weight")
        state.pop("head.bias")
        state = {f"visual.trunk.{name}": tensor for name, tensor in state.items()}
        state |= {"visual.head.proj.weight": head, "token_embedding.weight": torch.ones(3, 2)}
    named = network_names(state, small_network.state_dict(), "file")
    text = named.pop("encoder.token_embedding.weight", None)
    assert (text is not None) == within_open_clip
    tower = small_network.encoder.visual
    tower.load_state_dict({name.removeprefix("encoder.visual."): tensor for name, tensor in named.items()})
    picture = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(tower(picture), timm_tower(picture), rtol=1e-5, atol=1e-5)


def test_a_projection_bias_that_clip_does_not_have(timm_tower):
    state = dict(timm_tower.state_dict()) | {"head.bias": torch.ones(32)}
    with pytest.raises(WeightsError, match=r"'head\.bias' is not zero"):
        network_names(state, (), "file")


def test_a_network_whose_own_tower_is_timms_keeps_its_names():
    state = {"visual.trunk.patch_embed.proj.weight": torch.ones(1), "visual.trunk.norm.weight": torch.ones(1)}
    wanted = {f"encoder.{name}" for name in state}
    assert network_names(state, wanted, "file").keys() == wanted


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 3, 4), (4,), ()])
def test_odd_shapes_are_left_to_the_strict_check(shape):
    state = dict.fromkeys(
        ("cls_token", "pos_embed", "patch_embed.proj.weight", "head.weight"), torch.ones(shape)
    )
    assert len(network_names(state, (), "file")) == 4
