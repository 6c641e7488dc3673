"""SAM's two-way transformer: prompt tokens and picture attend to each other.

segment_anything's modules keep the parameters. Unlike their forward pass this one takes a single picture for
many rows of tokens: what the first layer makes of the picture alone is then made once.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .attention import attend


def two_way(transformer: Any, image: Tensor, position: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """The forward pass of segment_anything's `TwoWayTransformer`.

    image: (N, C, h, w), or (1, C, h, w) for all N rows; position: (1, C, h, w); tokens: (N, T, C).
    Returns the tokens (N, T, C) and the picture (N, h * w, C), each having seen the other.
    """
    keys, places = (x.flatten(2).transpose(1, 2) for x in (image, position))
    queries = tokens
    for layer in transformer.layers:
        queries, keys = _layer(layer, queries, keys, tokens, places)
    attention = transformer.final_attn_token_to_image
    queries = queries + _attention(attention, queries + tokens, keys + places, keys)
    return transformer.norm_final_attn(queries), keys


def _layer(
    layer: Any, queries: Tensor, keys: Tensor, tokens: Tensor, places: Tensor
) -> tuple[Tensor, Tensor]:
    """One `TwoWayAttentionBlock`; tokens and places are the position codes of queries and keys."""
    if layer.skip_first_layer_pe:
        queries = _attention(layer.self_attn, queries, queries, queries)
    else:
        placed = queries + tokens
        queries = queries + _attention(layer.self_attn, placed, placed, queries)
    queries = layer.norm1(queries)
    placed_keys = keys + places
    seen = _attention(layer.cross_attn_token_to_image, queries + tokens, placed_keys, keys)
    queries = layer.norm2(queries + seen)
    queries = layer.norm3(queries + layer.mlp(queries))
    seen = _attention(layer.cross_attn_image_to_token, placed_keys, queries + tokens, queries)
    return queries, layer.norm4(keys + seen)


def _attention(module: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """segment_anything's `Attention` over (N, L, C); a single row on one side serves all on the other."""
    q, k, v = module.q_proj(q), module.k_proj(k), module.v_proj(v)
    rows = max(len(q), len(k))
    q, k, v = (x.expand(rows, -1, -1) for x in (q, k, v))
    return module.out_proj(attend(q, k, v, module.num_heads))
