"""Nothing leaves the device inside a forward pass.

On the meta device a tensor has no values: whatever reads one, or mixes in a tensor made on the CPU, is seen.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ssp_sam_ros.network import SSPSAM, Variant, load_variant
from ssp_sam_ros.network.trunk import TrunkEncoder

from .conftest import small_eva_clip, small_published, small_siglip2

READS = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "unique")


class Watch(TorchDispatchMode):
    """Lists operations that touch a tensor off the meta device, or whose result depends on values."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0
        self.offences: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operations += 1
        result = func(*args, **(kwargs or {}))
        tensors = [t for t in tree_leaves((args, kwargs, result)) if isinstance(t, torch.Tensor)]
        name = func.overloadpacket.__name__
        if name in READS or any(tensor.device.type != "meta" for tensor in tensors):
            self.offences.append(str(func))
        return result


def on_meta(variant: Variant) -> tuple[SSPSAM, torch.Tensor | None, torch.Tensor, torch.Tensor]:
    with torch.device("meta"):
        network = SSPSAM(variant).eval()
        clip = None if variant.shared_trunk else torch.empty(1, 3, *variant.clip_size)
        return (
            network,
            clip,
            torch.empty(1, 3, *variant.sam_size),
            torch.empty(3, variant.text.context, dtype=torch.int64),
        )


@pytest.mark.parametrize(
    "variant",
    [small_published(), small_eva_clip(), small_siglip2(), load_variant("ssp_sam_tiny")],
    ids=lambda variant: variant.name,
)
@torch.no_grad()
def test_nothing_moves_to_the_cpu_inside_a_forward_pass(variant: Variant) -> None:
    network, clip, sam, ids = on_meta(variant)
    with Watch() as watch:
        features = network.encode_image(clip, sam)
        prompts = network.prompt(features.visual, network.encode_text(ids))
        logits, iou = network.decode(features, prompts)
    assert watch.operations > 200
    assert watch.offences == []
    assert {t.device.type for t in (logits, iou, prompts.boxes)} == {"meta"}


@torch.no_grad()
def test_segment_anythings_own_encoder_would_be_caught() -> None:
    """It looks its relative positions up with indices that it makes on the CPU."""
    from segment_anything.modeling import ImageEncoderViT

    network, _, sam, _ = on_meta(small_published())
    assert not isinstance(network.sam.image_encoder, TrunkEncoder)
    with Watch() as watch:
        ImageEncoderViT.forward(network.sam.image_encoder, sam)
    assert watch.offences
