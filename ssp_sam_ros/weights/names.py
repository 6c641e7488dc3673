"""Tensor names: the layouts that released checkpoints come in become the one of the network."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, equal

from ssp_sam_ros.weights.errors import WeightsError

UNUSED_PREFIXES = ("img2img_attn.", "norm_text_cond_img.")
"""Tensors that released checkpoints carry and the released network never uses."""

_ALIAS = "encoder.visual.attn."
_BLOCK = re.compile(r"(encoder\.visual\.transformer\.resblocks\.(\d+)\.attn\.)(.+)")
_BEFORE_FORWARD = {
    "qkv.weight": "in_proj_weight",
    "qkv.bias": "in_proj_bias",
    "proj.weight": "out_proj.weight",
    "proj.bias": "out_proj.bias",
}


def canonical_names(state: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """The tensors under the network's names, unused ones and aliases dropped.

    In the release CLIP surgery happens on the first forward pass and renames the attention of the last
    visual blocks (`in_proj_*`, `out_proj.*` become `qkv.*`, `proj.*`, same values and layout) and may leave
    a second reference to the last one. A file saved before or after gives the same result here.

    Raises:
        WeightsError: if a tensor is there twice, or the alias is not what it is an alias of.
    """
    named: dict[str, Tensor] = {}
    alias: dict[str, Tensor] = {}
    last_block = -1
    for original, tensor in state.items():
        name = original
        if name.startswith(UNUSED_PREFIXES):
            continue
        if name.startswith(_ALIAS):
            leaf = name.removeprefix(_ALIAS)
            alias[_BEFORE_FORWARD.get(leaf, leaf)] = tensor
            continue
        if match := _BLOCK.fullmatch(name):
            last_block = max(last_block, int(match[2]))
            name = match[1] + _BEFORE_FORWARD.get(match[3], match[3])
        if name in named:
            raise WeightsError(f"{source}: tensor '{name}' is there twice, once as '{original}'")
        named[name] = tensor
    for leaf, tensor in alias.items():
        target = f"encoder.visual.transformer.resblocks.{last_block}.attn.{leaf}"
        if target not in named or not equal(named[target], tensor):
            raise WeightsError(f"{source}: '{_ALIAS}*' should repeat '{target}' and does not")
    return named
