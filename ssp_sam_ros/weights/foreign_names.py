"""Tensor names of the files that CLIP and SAM are published in, and how they become the network's own.

SAM's files: `sam.` goes before every name. OpenAI's and open_clip's CLIP: `encoder.` does, and OpenAI's three
size entries are dropped. timm's image tower, alone or as open_clip's `visual.trunk.`:

| timm | network, after `encoder.visual.` |
|---|---|
| `cls_token` (1, 1, W) | `class_embedding` (W) |
| `pos_embed` (1, 1+n, W) | `positional_embedding` (1+n, W) |
| `patch_embed.proj.weight` | `conv1.weight` |
| `norm_pre.*`, `norm.*` | `ln_pre.*`, `ln_post.*` |
| `blocks.N.norm1.*`, `norm2.*` | `transformer.resblocks.N.ln_1.*`, `ln_2.*` |
| `blocks.N.attn.qkv.weight`, `.bias` | `transformer.resblocks.N.attn.in_proj_weight`, `in_proj_bias` |
| `blocks.N.attn.proj.*` | `transformer.resblocks.N.attn.out_proj.*` |
| `blocks.N.mlp.fc1.*`, `fc2.*` | `transformer.resblocks.N.mlp.c_fc.*`, `c_proj.*` |
| `head.weight` (D, W) | `proj` (W, D), transposed |
| `head.bias`, all zero | none |
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from torch import Tensor

from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.names import canonical_names

_SAM = ("image_encoder.", "prompt_encoder.", "mask_decoder.")
_OPENAI_SIZES = ("input_resolution", "context_length", "vocab_size")
_VISUAL, _TRUNK, _TRUNK_HEAD = "visual.", "visual.trunk.", "visual.head.proj."
_TIMM_SIGN = "patch_embed.proj.weight"

_BLOCK = re.compile(r"blocks\.(\d+)\.(.+)")
_IN_BLOCK = (
    ("norm1.", "ln_1."),
    ("norm2.", "ln_2."),
    ("attn.qkv.", "attn.in_proj_"),
    ("attn.proj.", "attn.out_proj."),
    ("mlp.fc1.", "mlp.c_fc."),
    ("mlp.fc2.", "mlp.c_proj."),
)
_AROUND_BLOCKS = (
    ("cls_token", "class_embedding"),
    ("pos_embed", "positional_embedding"),
    ("patch_embed.proj.", "conv1."),
    ("norm_pre.", "ln_pre."),
    ("norm.", "ln_post."),
)


def network_names(state: Mapping[str, Tensor], wanted: Collection[str], source: str) -> dict[str, Tensor]:
    """The tensors of any file under the network's names; a file of SAM or CLIP gives only its part.

    Args:
        state: from `read_tensors`.
        wanted: the network's names: a CLIP whose own image tower is timm's keeps its names.
        source: the file, for errors.

    Raises:
        WeightsError: for what `canonical_names` refuses, or a projection bias that CLIP does not have.
    """
    if state and all(name.startswith(_SAM) for name in state):
        return {f"sam.{name}": tensor for name, tensor in state.items()}
    if _TIMM_SIGN in state and "cls_token" in state:
        return _encoder(_image_tower(state, source))
    if any(name.startswith(_VISUAL) for name in state):
        clip = {name: tensor for name, tensor in state.items() if name not in _OPENAI_SIZES}
        if _TRUNK + _TIMM_SIGN in clip and f"encoder.{_TRUNK}{_TIMM_SIGN}" not in wanted:
            clip = _without_trunk(clip, source)
        return _encoder(clip)
    return canonical_names(state, source)


def _encoder(clip: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"encoder.{name}": tensor for name, tensor in clip.items()}


def _without_trunk(clip: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """open_clip's CLIP around a timm image tower, as the CLIP whose image tower is its own."""
    trunk = {name.removeprefix(_TRUNK): t for name, t in clip.items() if name.startswith(_TRUNK)}
    for name, tensor in clip.items():
        if name.startswith(_TRUNK_HEAD):
            trunk[f"head.{name.removeprefix(_TRUNK_HEAD)}"] = tensor
    rest = {name: t for name, t in clip.items() if not name.startswith((_TRUNK, _TRUNK_HEAD))}
    return rest | _image_tower(trunk, source)


def _image_tower(trunk: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """A timm image tower under `visual.*`; names that are not in the table stay, for the strict check."""
    named: dict[str, Tensor] = {}
    for name, tensor in trunk.items():
        if name == "head.bias":
            if tensor.any():
                raise WeightsError(f"{source}: '{name}' is not zero, and CLIP's image projection has no bias")
        elif name == "head.weight":
            named["visual.proj"] = tensor.t() if tensor.ndim == 2 else tensor
        elif match := _BLOCK.fullmatch(name):
            named[f"visual.transformer.resblocks.{match[1]}.{_replaced(match[2], _IN_BLOCK)}"] = tensor
        else:
            if name in ("cls_token", "pos_embed"):
                tensor = tensor.squeeze(0).squeeze(0) if name == "cls_token" else tensor.squeeze(0)
            named[_VISUAL + _replaced(name, _AROUND_BLOCKS)] = tensor
    return named


def _replaced(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for theirs, ours in pairs:
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name
