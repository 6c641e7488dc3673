"""SAM's image encoder against segment_anything's own forward pass of the same parameters."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from segment_anything.modeling import ImageEncoderViT
from torch import nn

from ssp_sam_ros.network import attention, load_variant, sam_encoder
from ssp_sam_ros.network.sam_encoder import ViTEncoder, partition, relative, unpartition

from .conftest import picture


def encoder(side: int = 320, width: int = 48, heads: int = 3, window: int = 14, **sizes) -> ViTEncoder:
    torch.manual_seed(0)
    made = ViTEncoder(
        img_size=side,
        embed_dim=width,
        num_heads=heads,
        window_size=window,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        **{"depth": 3, "global_attn_indexes": (1,), "out_chans": 16, **sizes},
    ).eval()
    for name, parameter in made.named_parameters():
        if "pos" in name or "bias" in name:  # zeros at the start: they would hide a mistake
            nn.init.normal_(parameter, std=0.3)
    return made


def relative_error(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours.double() - theirs.double()).norm() / theirs.double().norm())


# A grid of 20 needs windows of 14 filled up and holds windows of 5 and 20 exactly.
@pytest.mark.parametrize("window", [14, 5, 20, 0])
@pytest.mark.parametrize("way", ["added", "joined", "joined and fused"])
@torch.no_grad()
def test_equals_segment_anythings_forward(window: int, way: str, monkeypatch) -> None:
    """Every way of every device and type, all on the CPU."""
    monkeypatch.setattr(sam_encoder, "_positions_join", lambda _: way != "added")
    for module in (attention, sam_encoder):
        monkeypatch.setattr(module, "fused_is_faster", lambda *_: way == "joined and fused")
    monkeypatch.setattr(attention, "BLOCK_BYTES", 28_000)  # several blocks, the last one smaller
    made, image = encoder(window=window), picture((320, 320), count=2)
    assert relative_error(made(image), ImageEncoderViT.forward(made, image)) < 1e-6


def test_parameters_are_segment_anythings() -> None:
    sizes = {"img_size": 320, "depth": 3, "embed_dim": 48, "num_heads": 3, "out_chans": 16, "window_size": 14}
    theirs = ImageEncoderViT(**sizes, use_rel_pos=True, global_attn_indexes=(1,)).state_dict()
    assert {k: t.shape for k, t in theirs.items()} == {k: t.shape for k, t in encoder().state_dict().items()}


def test_gradients_are_segment_anythings() -> None:
    """The variants that train this encoder (`ssp_sam_tiny_plain`) rely on them."""
    made, image = encoder(), picture((320, 320))
    weights = picture((20, 20), seed=3).sum(1)  # a plain sum of normalised channels has no gradient

    def gradients(embedding: torch.Tensor) -> list[torch.Tensor]:
        return list(torch.autograd.grad((embedding * weights).sum(), list(made.parameters())))

    for ours, theirs in zip(
        gradients(made(image)), gradients(ImageEncoderViT.forward(made, image)), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@torch.no_grad()
def test_half_precision_is_no_worse_than_segment_anythings(dtype: torch.dtype) -> None:
    made, image = encoder(), picture((320, 320))
    exact = ImageEncoderViT.forward(made, image)
    with torch.autocast("cpu", dtype):
        ours, theirs = (relative_error(x, exact) for x in (made(image), ImageEncoderViT.forward(made, image)))
    assert ours < 1.5 * theirs + 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "width", "heads"), [("ssp_sam_224", 1280, 16), ("vit_l", 1024, 16), ("vit_b", 768, 12)]
)
@torch.no_grad()
def test_one_window_block_and_one_global_block_of_each_published_size(
    name: str, width: int, heads: int
) -> None:
    """All blocks are compared by `benchmarks/network.py`."""
    variant = load_variant(name if name.startswith("ssp") else f"ssp_sam_224_{name}")
    sizes = variant.sam.encoder
    assert (sizes.width, sizes.heads, sizes.window, variant.sam.grid) == (width, heads, 14, (64, 64))
    made = encoder(1024, width, heads, sizes.window, depth=2, out_chans=256)
    image = picture((1024, 1024))
    assert relative_error(made(image), ImageEncoderViT.forward(made, image)) < 1e-5


def test_windows_and_back() -> None:
    x = torch.randn(2, 5, 7, 3)
    windows = partition(x, torch.tensor([1.0, 2.0, 3.0]), 4)
    assert windows.shape == (8, 4, 4, 3)
    torch.testing.assert_close(unpartition(windows, (5, 7)), x)
    assert torch.equal(windows[3, -1, -1], torch.tensor([1.0, 2.0, 3.0]))


def test_relative_positions_are_segment_anythings_for_other_sides_too() -> None:
    from segment_anything.modeling.image_encoder import get_rel_pos

    for side in (4, 6, 9):
        table = torch.randn(11, 5)
        torch.testing.assert_close(relative(table, side), get_rel_pos(side, side, table))
