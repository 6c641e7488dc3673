"""Which parameters are trained, and in which groups of the optimiser."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from torch import Tensor, nn

from ssp_sam_ros.network import SSPSAM

from .config import Stage
from .heads import DenseHeads

PREFIXES = {
    "clip": ("encoder.",),
    "clip_image_encoder": ("encoder.visual.",),
    "sam_image_encoder": ("sam.image_encoder.",),
    "sam_prompt_encoder": ("sam.prompt_encoder.",),
    "mask_decoder": ("sam.mask_decoder.",),
}
_IMAGE_ENCODERS = PREFIXES["sam_image_encoder"] + PREFIXES["clip_image_encoder"]
_TABLES = ("embedding", "embedding.weight", "_token.weight", "embed.weight", "tokens.weight")
_FEW = 16


def frozen_parts(stage: Stage, epoch: int) -> frozenset[str]:
    """The parts that do not learn in this epoch of a stage."""
    late = {"mask_decoder"} if epoch < stage.mask_decoder_from else set()
    return with_parts(stage.frozen) | late


def with_parts(frozen: Collection[str]) -> frozenset[str]:
    """Frozen parts, with the parts of these that have a name of their own."""
    return frozenset(frozen) | ({"clip_image_encoder"} if "clip" in frozen else set())


def prefixes(parts: Collection[str]) -> tuple[str, ...]:
    """Prefixes of the tensors of these parts."""
    return tuple(prefix for part in parts for prefix in PREFIXES[part])


def freeze(net: SSPSAM, parts: Collection[str]) -> None:
    """Let everything of `net` learn but these parts."""
    names = prefixes(parts)
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(not (names and name.startswith(names)))


def parameter_groups(
    net: SSPSAM,
    heads: DenseHeads | None,
    weight_decay: float,
    decay_all: bool = False,
    decoder_apart: bool = False,
) -> list[dict[str, Any]]:
    """Groups by what differs: weight decay, and which of a stage's relative learning rates applies.

    Matrices and kernels decay; biases, norms and tables (one-dimensional or embeddings) do not, unless
    `decay_all`. `kind` is "image" for both image encoders and the dense heads, "mask_decoder" where it is
    `decoder_apart`, or "rest". Parameters that learn in no stage are in no group: freeze them before.
    """
    kinds = ("image", "rest", "mask_decoder")
    groups: dict[tuple[str, bool], list[Tensor]] = {(k, d): [] for k in kinds for d in (True, False)}
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        decays = decay_all or (parameter.ndim >= 2 and not name.endswith(_TABLES))
        groups[_kind(name, decoder_apart), decays].append(parameter)
    for parameter in heads.parameters() if heads is not None else ():
        groups["image", decay_all or parameter.ndim >= 2].append(parameter)
    return [
        {"params": parameters, "weight_decay": weight_decay if decays else 0.0, "kind": kind}
        for (kind, decays), parameters in groups.items()
        if parameters
    ]


def is_matrix(name: str, parameter: Tensor) -> bool:
    """Whether a parameter of the network maps one vector to another, neither of a few numbers only."""
    return parameter.ndim == 2 and min(parameter.shape) >= _FEW and not name.endswith(_TABLES)


def _kind(name: str, decoder_apart: bool) -> str:
    if name.startswith(_IMAGE_ENCODERS):
        return "image"
    return "mask_decoder" if decoder_apart and name.startswith(PREFIXES["mask_decoder"]) else "rest"


def relative_rate(stage: Stage, kind: str) -> float:
    """The learning rate of a group relative to the stage's."""
    return {"image": stage.image_encoder_lr, "mask_decoder": stage.mask_decoder_lr}.get(kind, 1.0)


def floating(module: nn.Module) -> list[Tensor]:
    """All floating-point tensors of a module's state, in order."""
    return [t for t in module.state_dict().values() if t.is_floating_point()]
