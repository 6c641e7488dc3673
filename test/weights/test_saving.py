from __future__ import annotations

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ssp_sam_ros.network import Variant
from ssp_sam_ros.weights import WeightsError, load_network, save_network


def test_the_file_says_what_it_is(tmp_path, small_network):
    path = tmp_path / "w.safetensors"
    digest = save_network(path, small_network, {"domain": "d"})
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    assert metadata["format"] == "ssp_sam_ros/1"
    assert metadata["digest"] == digest
    assert metadata["domain"] == "d"
    assert Variant.from_json(metadata["variant_json"]) == small_network.variant
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, small_network):
    path = tmp_path / "w.safetensors"
    save_network(path, small_network)
    old = path.read_bytes()
    with torch.no_grad():
        small_network.mlp.weight[0, 0] = 1e9
    with pytest.raises(WeightsError, match=r"mlp\.weight.*float16"):
        save_network(path, small_network, half=True)
    with pytest.raises(OSError):
        save_network(tmp_path / "missing" / "w", small_network)
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_reserved_metadata(tmp_path, small_network):
    with pytest.raises(WeightsError, match="digest"):
        save_network(tmp_path / "w", small_network, {"digest": "x"})


def test_a_changed_value_is_noticed(tmp_path, small_network, small_variant):
    path = tmp_path / "w.safetensors"
    save_network(path, small_network)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    tensors["mlp.weight"][0, 0] += 1
    save_file(tensors, path, metadata)
    with pytest.raises(WeightsError, match="digest"):
        load_network(small_variant, path)


def test_a_format_of_the_future(tmp_path, small_network, small_variant):
    path = tmp_path / "w.safetensors"
    save_network(path, small_network)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    save_file(load_file(path), path, {**metadata, "format": "ssp_sam_ros/9"})
    with pytest.raises(WeightsError, match="update the package"):
        load_network(small_variant, path)
