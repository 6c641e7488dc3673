"""Tensor names of released checkpoints: both their layouts become the network's own, and it becomes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum

from torch import Tensor, equal

from ssp_sam_ros.weights.errors import WeightsError

UNUSED_PREFIXES = ("img2img_attn.", "norm_text_cond_img.")
"""Tensors that released checkpoints carry and the released network never uses."""

_ALIAS = "encoder.visual.attn."
_BLOCK_ATTENTION = "encoder.visual.transformer.resblocks.{}.attn.{}"
_BLOCK = re.compile(r"(encoder\.visual\.transformer\.resblocks\.(\d+)\.attn\.)(.+)")
_BEFORE_FORWARD = {
    "qkv.weight": "in_proj_weight",
    "qkv.bias": "in_proj_bias",
    "proj.weight": "out_proj.weight",
    "proj.bias": "out_proj.bias",
}
_AFTER_FORWARD = {before: after for after, before in _BEFORE_FORWARD.items()}


class Layout(str, Enum):
    """When a released checkpoint was saved: CLIP surgery happens on the first forward pass there."""

    BEFORE = "before_forward"
    AFTER = "after_forward"
    AFTER_WITH_ALIAS = "after_forward+alias"
    """The image tower keeps a second reference to its last attention, which is saved along."""


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
        target = _BLOCK_ATTENTION.format(last_block, leaf)
        if target not in named or not equal(named[target], tensor):
            raise WeightsError(f"{source}: '{_ALIAS}*' should repeat '{target}' and does not")
    return named


def layout_of(names: Iterable[str], source: str) -> Layout:
    """The layout of a checkpoint with these tensor names.

    Raises:
        WeightsError: if it is a mixture.
    """
    before, after, alias = set[int](), set[int](), False
    for name in names:
        alias = alias or name.startswith(_ALIAS)
        if match := _BLOCK.fullmatch(name):
            (after if match[3] in _BEFORE_FORWARD else before).add(int(match[2]))
    if after & before or (alias and not after) or (after and before and max(before) > min(after)):
        raise WeightsError(f"{source} mixes the tensor names of before and after the first forward pass")
    if not after:
        return Layout.BEFORE
    return Layout.AFTER_WITH_ALIAS if alias else Layout.AFTER


def authors_names(state: Mapping[str, Tensor], layout: Layout, surgery_blocks: int) -> dict[str, Tensor]:
    """The inverse of `canonical_names`: the network's tensors as a checkpoint of `layout` names them.

    Args:
        state: every tensor of the network under its own names.
        surgery_blocks: how many of CLIP's last visual blocks run the surgery, and so are renamed.

    Raises:
        WeightsError: if the image tower has no such blocks to rename.
    """
    if layout is Layout.BEFORE:
        return dict(state)
    blocks = sorted({int(match[2]) for name in state if (match := _BLOCK.fullmatch(name))})
    renamed = blocks[-surgery_blocks:] if surgery_blocks else []
    if not renamed:
        raise WeightsError(
            f"nothing is renamed for layout '{layout.value}': this network has no CLIP surgery"
        )
    named: dict[str, Tensor] = {}
    for name, tensor in state.items():
        match = _BLOCK.fullmatch(name)
        if match and int(match[2]) in renamed:
            name = match[1] + _AFTER_FORWARD[match[3]]
        named[name] = tensor
    if layout is Layout.AFTER_WITH_ALIAS:
        for leaf in _BEFORE_FORWARD:
            named[_ALIAS + leaf] = named[_BLOCK_ATTENTION.format(blocks[-1], leaf)]
    return named
