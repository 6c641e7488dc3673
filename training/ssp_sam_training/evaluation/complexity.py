"""Parameters and floating-point operations of a variant, counted without computing anything.

The network lies on the meta device, where tensors have shapes and no values, so that ViT-H costs no memory.
A multiplication and an addition are two operations; what is counted are matrix products, convolutions and
attention (`torch.utils.flop_counter`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ssp_sam_ros.network import SSPSAM, Variant
from ssp_sam_ros.weights.initialisation import build_unfilled

STAGES = ("both encoders", "CLIP picture", "SAM encoder", "CLIP text", "prompt encoder", "mask decoder")
_FROZEN = ("encoder.", "sam.image_encoder.", "sam.prompt_encoder.")  # network.md, "Trained"


@dataclass(frozen=True)
class Complexity:
    """Of one variant.

    Attributes:
        parameters: by part: "CLIP picture", "CLIP text", "SAM encoder", "SAM decoder", "prompt encoder".
        trained: how many of all are trained by the paper's recipe: all but CLIP, SAM's image encoder and
            SAM's prompt encoder.
        operations: by stage: "CLIP picture" and "SAM encoder" per picture ("both encoders" where they share
            a trunk), "CLIP text", "prompt encoder" and "mask decoder" per sentence.
    """

    parameters: dict[str, int]
    trained: int
    operations: dict[str, int]

    @property
    def all_parameters(self) -> int:
        """Of the whole network."""
        return sum(self.parameters.values())

    @property
    def all_operations(self) -> int:
        """Of one picture with one sentence."""
        return sum(self.operations.values())


def complexity(variant: Variant) -> Complexity:
    """Count a variant's parameters and operations."""
    with torch.device("meta"):
        network = build_unfilled(variant).eval()
    return Complexity(
        parameters=_parameters(network),
        trained=sum(p.numel() for n, p in network.named_parameters() if not n.startswith(_FROZEN)),
        operations=_operations(network, variant),
    )


def _parameters(network: SSPSAM) -> dict[str, int]:
    parts = {"CLIP picture": 0, "CLIP text": 0, "SAM encoder": 0, "SAM decoder": 0, "prompt encoder": 0}
    for name, parameter in network.named_parameters():
        parts[_part(name)] += parameter.numel()
    return parts


def _part(name: str) -> str:
    if name.startswith("sam.image_encoder."):
        return "SAM encoder"
    if name.startswith("sam."):
        return "SAM decoder"
    if name.startswith("encoder.visual."):
        return "CLIP picture"
    return "CLIP text" if name.startswith("encoder.") else "prompt encoder"


@torch.no_grad()
def _operations(network: SSPSAM, variant: Variant) -> dict[str, int]:
    operations: dict[str, int] = {}

    def count(stage: str, compute: Callable[..., Any], *inputs: Any) -> Any:
        counter = FlopCounterMode(display=False)
        with counter:
            outcome = compute(*inputs)
        operations[stage] = counter.get_total_flops()
        return outcome

    ids = torch.zeros((1, variant.text.context), dtype=torch.int64, device="meta")
    sam = _empty(1, 3, *variant.sam_size)
    if variant.shared_trunk:
        features = count("both encoders", network.encode_image, None, sam)
    else:
        clip = _empty(1, 3, *variant.clip_size)
        count("CLIP picture", network.encode_clip_image, clip)
        count("SAM encoder", network.encode_sam_image, sam)
        features = network.encode_image(clip, sam)
    text = count("CLIP text", network.encode_text, ids)
    prompts = count("prompt encoder", network.prompt, features.visual, text)
    count("mask decoder", network.decode, features, prompts)
    return operations


def _empty(*shape: int) -> Tensor:
    return torch.empty(shape, device="meta")
