"""What the sizes of a variant must fulfil for a network to be built from them."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from .variant_reading import VariantError

if TYPE_CHECKING:
    from .variant import Variant

_MAY_BE_ZERO = ("surgery_blocks", "global_attention", "window", "blocks")
_NUMBERS = (int, float)


def check_sizes(v: Variant, where: str) -> None:
    """Raise VariantError, beginning with `where`, if sizes are impossible or contradict each other."""
    _check_numbers(v, where)
    _check_divisors(v, where)
    if v.clip.surgery_blocks > v.clip.layers:
        raise VariantError(
            f"{where}: clip.surgery_blocks {v.clip.surgery_blocks} exceeds its {v.clip.layers} layers"
        )
    _check_backbone(v, where)
    _check_encoder(v, where)
    on = v.extensions
    if v.prompt.generator != "encoder" and (on.dense_prompt or on.text_in_sequence or on.presence):
        raise VariantError(
            f"{where}: extensions dense_prompt, text_in_sequence and presence want prompt.generator "
            f"encoder, not {v.prompt.generator}"
        )
    if v.extensions.dense_prompt and v.clip.grid != v.sam.grid:
        raise VariantError(f"{where}: extension dense_prompt wants equal grids for clip and sam")
    if on.fine_mask and not on.high_res:
        raise VariantError(f"{where}: extension fine_mask wants high_res, too")


def _check_numbers(part: Any, where: str) -> None:
    """Sizes are positive, all numbers finite; of `part` and of the dataclasses inside it."""
    for f in dataclasses.fields(part):
        value = getattr(part, f.name)
        if dataclasses.is_dataclass(value):
            _check_numbers(value, f"{where}: {f.name}")
            continue
        for item in value if isinstance(value, tuple) else (value,):
            if not isinstance(item, _NUMBERS) or isinstance(item, bool):
                continue
            low = 0 if isinstance(item, float) or f.name in _MAY_BE_ZERO else 1
            if not math.isfinite(item) or item < low or (f.name == "std" and item == 0):
                raise VariantError(f"{where}: {f.name} cannot be {value}")


def _check_divisors(v: Variant, where: str) -> None:
    for label, size, patch in (
        ("clip", v.clip.image_size, v.clip.patch_size),
        ("sam", v.sam.image_size, v.sam.patch_size),
    ):
        if size[0] % patch or size[1] % patch:
            raise VariantError(
                f"{where}: {label}.image_size {list(size)} is not a multiple of patch_size {patch}"
            )
    encoder = v.sam.encoder
    for label, width, count in (
        ("clip.width by clip.head_width", v.clip.width, v.clip.head_width),
        ("text.width by text.heads", v.text.width, v.text.heads),
        ("prompt.dim by prompt.attention_heads", v.prompt.dim, v.prompt.attention_heads),
        ("sam.dim by prompt.heads", v.sam.dim, v.prompt.heads),
        ("half of sam.dim by sam.decoder_heads", v.sam.dim // 2, v.sam.decoder_heads),
        ("sam.dim by 8", v.sam.dim, 8),
        ("sam.dim by 16 (fine_mask)", v.sam.dim, 16 if v.extensions.fine_mask else 1),
        ("sam.encoder.width by sam.encoder.heads", encoder.width, encoder.heads),
    ):
        if width % count and not (label.startswith("sam.encoder") and v.shared_trunk):
            raise VariantError(f"{where}: {label}: {width} cannot be divided by {count}")


def _check_backbone(v: Variant, where: str) -> None:
    """What the towers in CLIP's place can and cannot do."""
    if v.shared_trunk and v.backbone != "clip":
        raise VariantError(f"{where}: a shared trunk wants backbone clip, not {v.backbone}")
    if v.backbone == "siglip2":
        if v.clip.surgery_blocks:
            raise VariantError(f"{where}: backbone siglip2 has no surgery: set clip.surgery_blocks to 0")
        if not v.text.tokenizer_file or not v.text.tokenizer_pieces or v.vocabulary is not None:
            raise VariantError(
                f"{where}: backbone siglip2 wants text.tokenizer_file and text.tokenizer_pieces, "
                "no vocabulary"
            )
        if v.joint_dim != v.clip.width:
            raise VariantError(f"{where}: backbone siglip2 wants joint_dim equal to clip.width")
    elif v.text.tokenizer_file or v.text.tokenizer_pieces:
        raise VariantError(f"{where}: only backbone siglip2 reads a text.tokenizer_file")


def _check_encoder(v: Variant, where: str) -> None:
    """What each kind of SAM's image encoder wants."""
    encoder = v.sam.encoder
    if v.shared_trunk:
        if len(encoder.channels) != 3 or len(encoder.blocks) != 3:
            raise VariantError(f"{where}: sam.encoder of kind trunk wants 3 channels and 3 blocks")
        if (
            v.clip.image_size != v.sam.image_size
            or v.clip.patch_size != v.sam.patch_size
            or v.sam.patch_size != 16
        ):
            raise VariantError(
                f"{where}: a shared trunk wants equal image sizes and patch_size 16 for clip and sam"
            )
        return
    if v.sam.image_size[0] != v.sam.image_size[1]:
        raise VariantError(f"{where}: sam.encoder of kind vit wants a square image_size")
    if any(index >= encoder.depth for index in encoder.global_attention):
        raise VariantError(
            f"{where}: sam.encoder.global_attention {list(encoder.global_attention)} names blocks "
            f"that a depth of {encoder.depth} does not have"
        )
    if v.extensions.high_res:
        raise VariantError(f"{where}: extension high_res wants a sam.encoder of kind trunk")
