"""A store written by hand, and a network small enough to encode pictures within a test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ssp_sam_ros.network.variant import VARIANTS_DIR
from ssp_sam_training.embeddings import StoreInfo
from ssp_sam_training.embeddings.writer import ShardWriter, open_folder

SHAPE = (4, 3, 5)
RECORD = 2 * 4 * 3 * 5


def key_of(number: int) -> str:
    return f"{number:064x}"


def embedding(number: int) -> np.ndarray:
    return np.random.default_rng(number).normal(size=SHAPE).astype(np.float16)


@pytest.fixture
def info() -> StoreInfo:
    return StoreInfo("small", "ab" * 32, "float32", SHAPE)


@pytest.fixture
def store_folder(tmp_path: Path, info: StoreInfo) -> Path:
    """Ten embeddings of rank 0 in shards of four, and two of rank 1."""
    folder = open_folder(tmp_path / "cache", info)
    for rank, numbers in ((0, range(10)), (1, range(10, 12))):
        with ShardWriter(folder, info, rank, shard_bytes=4 * RECORD) as writer:
            for number in numbers:
                writer.write([key_of(number)], embedding(number)[None])
    return folder


@pytest.fixture(scope="session")
def small_variant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published form with a ViT of two small blocks on 64 x 64 pictures."""
    sizes = json.loads((VARIANTS_DIR / "ssp_sam_tiny_plain.json").read_text())
    sizes["name"] = "small"
    sizes["prompt"]["heads"] = 2
    sizes["sam"] |= {
        "image_size": [64, 64], "dim": 32, "decoder_heads": 2, "decoder_feed_forward": 32,
        "encoder": {
            "kind": "vit", "width": 32, "depth": 2, "heads": 2, "global_attention": [1], "window": 2,
        },
    }  # fmt: skip
    path = tmp_path_factory.mktemp("variant") / "small.json"
    path.write_text(json.dumps(sizes))
    return path
