"""The network that a training begins with, and the variant it is built from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from ssp_sam_ros.network import SSPSAM, Variant, load_variant
from ssp_sam_ros.network.tokenizer import DETERMINERS, words
from ssp_sam_ros.weights import load_network
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.folders import weights_folders
from ssp_sam_ros.weights.parts import fill_pretrained

from .carry_over import carry_over
from .config import TrainConfig
from .embeddings import EmbeddingStore
from .embeddings.encoder import encoder_digest

SCRATCH, PRETRAINED = "scratch", "pretrained"


def configured_variant(config: TrainConfig, sentences: Iterable[str] = ()) -> Variant:
    """The variant with the configuration's changes; `sentences`: where `own_vocabulary` finds its words.

    Raises:
        VariantError: if there is no such variant, or the changes contradict it.
    """
    raw = json.loads(load_variant(config.variant).to_json())
    _change(raw, config.variant_changes)
    if config.own_vocabulary:
        found = {word for sentence in sentences for word in words(sentence)}
        raw["text"]["vocabulary"] = sorted(found - DETERMINERS)
    return Variant.from_json(json.dumps(raw), f"variant {config.variant} with the configuration's changes")


def starting_network(config: TrainConfig, variant: Variant) -> SSPSAM:
    """Build the network and fill it as `config.start` says; the same values every time.

    Weights of another vocabulary serve as far as they go (`carry_over`).

    Raises:
        WeightsError: if a weights file is missing, or does not belong to the variant.
    """
    torch.manual_seed(config.seed)
    if config.start in (SCRATCH, PRETRAINED):
        net = SSPSAM(variant)
        if config.start == PRETRAINED:
            fill_pretrained(net, weights_folders())
        return net
    start = Path(config.start)
    if start.parent != Path() and not start.exists():
        raise WeightsError(
            f"start names {start}, which is not there: run the training that writes it first "
            f"(the folder has its configuration's name), or begin with another file: start=FILE"
        )
    net, _ = load_network(variant, config.start)
    if net.variant != variant:
        return carry_over(net, SSPSAM(variant), config.start)
    return net


def open_store(config: TrainConfig, net: SSPSAM) -> EmbeddingStore | None:
    """SAM's embeddings on disk where the configuration names them and they can be used.

    Raises:
        StoreError: if the folder has none of this network's image encoder.
        ValueError: if that encoder is to be trained.
    """
    if config.data.embeddings is None:
        return None
    if any("sam_image_encoder" not in stage.frozen or not stage.by_items for stage in config.stages):
        raise ValueError(
            "data.embeddings wants stages of items with sam_image_encoder in frozen: "
            "an encoder that learns makes other embeddings every step"
        )
    return EmbeddingStore.open(config.data.embeddings, encoder_digest(net))


def _change(raw: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(raw.get(name), dict):
            _change(raw[name], value)
        else:
            raw[name] = value
