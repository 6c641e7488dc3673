from __future__ import annotations

import dataclasses
import math

import torch

from ssp_sam_ros.network import SSPSAM, Variant, load_variant
from ssp_sam_ros.network.extensions import position_waves


def with_position(on: bool) -> SSPSAM:
    shipped = load_variant("ssp_sam_tiny")
    extensions = dataclasses.replace(shipped.extensions, position=on)
    torch.manual_seed(0)
    return SSPSAM(Variant.from_json(dataclasses.replace(shipped, extensions=extensions).to_json())).eval()


def test_position_waves_are_centres_sines_and_cosines_row_by_row() -> None:
    waves = position_waves(3, 4)
    assert waves.shape == (12, 14)
    y, x = -2 / 3, 3 / 4  # centre of the patch in the first row, last column
    angles = [c * math.pi * k for k in (0.5, 1.0, 2.0) for c in (y, x)]
    expected = [y, x, *map(math.sin, angles), *map(math.cos, angles)]
    torch.testing.assert_close(waves[3], torch.tensor(expected))


@torch.no_grad()
def test_position_tells_equal_patches_apart_before_any_attention() -> None:
    for on in (False, True):
        net = with_position(on)
        assert net.extensions is not None
        dim, width = net.variant.joint_dim, net.variant.sam.dim
        patches = net.extensions.add_visual(torch.ones(1, 300, width), torch.ones(1, 300, dim))
        assert torch.equal(patches[0, 0], patches[0, 299]) is not on
        assert len(torch.unique(patches[0], dim=0)) == (300 if on else 1)


def test_position_adds_no_tensor_that_a_file_must_carry_but_its_projection() -> None:
    extra = set(with_position(True).state_dict()) - set(with_position(False).state_dict())
    assert extra == {"extensions.position.weight", "extensions.position.bias"}
