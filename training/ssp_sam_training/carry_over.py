"""Trained values for a network of other words, extensions or depth: what both have is kept."""

from __future__ import annotations

import dataclasses
import logging

import torch
from torch import Tensor

from ssp_sam_ros.network import SSPSAM, Variant
from ssp_sam_ros.network.tokenizer import piece_table
from ssp_sam_ros.network.variant import Extensions
from ssp_sam_ros.weights.errors import WeightsError

log = logging.getLogger(__name__)

_TOKENS = "encoder.token_embedding.weight"
_PLACES = ("encoder.positional_embedding", "vl_pos_embed.weight")  # the sentence's places come last

# A layer whose branches end in zeros only normalises, and the norm behind the generator does that anyway.
_GENERATOR = "vl_transformer."
_LAST_OF_BRANCHES = (
    "attn.out_proj.weight", "attn.out_proj.bias", "linear2.weight", "linear2.bias",
)  # fmt: skip


def carry_over(trained: SSPSAM, fresh: SSPSAM, source: str) -> SSPSAM:
    """Give `fresh` all that `trained` has for it, and say what begins with fresh values.

    The two may differ in vocabulary, in the context's length, in their extensions and in the number of the
    prompt generator's layers. Vectors of byte-pair pieces that both know go where the new numbering wants
    them; more places for words are added behind the old ones, fewer cut them off. Layers are added behind the
    old ones, too, and begin as ones that change nothing. Parts that only the old one has are left behind.

    Raises:
        WeightsError: if they differ in anything else.
    """
    old, new = trained.variant, fresh.variant
    if _sizes(old) != _sizes(new) or old.vocabulary is None or new.vocabulary is None:
        raise WeightsError(
            f"{source} is of another form of {new.name} than the configuration's: but for vocabulary, "
            "text.context, extensions and prompt.layers, take the variant and variant_changes of the "
            "training that it comes from"
        )
    state, values = fresh.state_dict(), trained.state_dict()
    new_parts = sorted(set(state) - set(values))
    left_behind = sorted(set(values) - set(state))
    for name in state.keys() & values.keys():
        if name == _TOKENS:
            _carry_tokens(values[name], state[name], old, new)
        elif name in _PLACES:
            rows = min(len(values[name]), len(state[name]))
            state[name][:rows] = values[name][:rows]
        else:
            state[name].copy_(values[name])
    for name in new_parts:
        if name.startswith(_GENERATOR) and name.endswith(_LAST_OF_BRANCHES):
            state[name].zero_()
    known = set(old.vocabulary)
    unknown = [word for word in new.vocabulary if word not in known]
    log.warning(
        "%s: %d of %d words carried over; with fresh values begin %d words%s%s",
        source,
        len(new.vocabulary) - len(unknown),
        len(new.vocabulary),
        len(unknown),
        f" and {', '.join(new_parts)}" if new_parts else "",
        f"; left behind: {', '.join(left_behind)}" if left_behind else "",
    )
    return fresh


@torch.no_grad()
def _carry_tokens(values: Tensor, into: Tensor, old: Variant, new: Variant) -> None:
    """Rows are padding, the vocabulary's pieces in order, start and end."""
    pieces, wanted = piece_table(old.vocabulary or ()), piece_table(new.vocabulary or ())
    row = {piece: number for number, piece in enumerate(pieces, 1)}
    into[0] = values[0]
    into[-2:] = values[-2:]
    for number, piece in enumerate(wanted, 1):
        if piece in row:
            into[number] = values[row[piece]]


def _sizes(variant: Variant) -> Variant:
    return dataclasses.replace(
        variant,
        text=dataclasses.replace(variant.text, vocabulary=None, context=1),
        prompt=dataclasses.replace(variant.prompt, layers=1),
        extensions=Extensions(),
    )
