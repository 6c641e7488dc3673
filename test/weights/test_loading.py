from __future__ import annotations

import argparse
import dataclasses

import pytest
import torch

from ssp_sam_ros.network import VariantError
from ssp_sam_ros.weights import WeightsError, load_network, parameter_digest, save_network
from ssp_sam_ros.weights.loading import shipped_weights


def test_a_file_of_ours_comes_back(tmp_path, small_network, small_variant):
    path = tmp_path / "w.safetensors"
    digest = save_network(path, small_network, {"domain": "simulated tabletop", "note": "n"})
    network, info = load_network(small_variant, path)
    assert info.digest == digest == parameter_digest(small_network.state_dict())
    assert info.domain == "simulated tabletop"
    assert info.source == str(path)
    assert info.metadata["note"] == "n"
    assert info.metadata["variant"] == "small"
    assert not network.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, small_network.state_dict()[name])


def test_half_precision_file(tmp_path, small_network, small_variant):
    digest = save_network(tmp_path / "w", small_network, half=True)
    save_network(tmp_path / "full", small_network)
    assert (tmp_path / "w").stat().st_size < 0.6 * (tmp_path / "full").stat().st_size
    network, info = load_network(small_variant, tmp_path / "w")
    assert info.digest == digest == parameter_digest(network.state_dict())
    weight = small_network.state_dict()["mlp.weight"]
    assert torch.equal(network.state_dict()["mlp.weight"], weight.half().float())
    assert network.mlp.weight.dtype == torch.float32


def test_the_variant_in_the_file_is_built(tmp_path, small_network, small_variant):
    path = tmp_path / "w.safetensors"
    save_network(path, small_network)
    other = dataclasses.replace(
        small_variant, text=dataclasses.replace(small_variant.text, vocabulary=("cup",))
    )
    network, _ = load_network(other, path)
    assert network.variant.vocabulary == ("mug", "red", "the")


def test_weights_of_another_variant_are_refused(tmp_path, small_network):
    save_network(tmp_path / "w", small_network)
    with pytest.raises(WeightsError, match="variant small, not of ssp_sam_tiny"):
        load_network("ssp_sam_tiny", tmp_path / "w")


def test_a_checkpoint_of_the_authors_in_either_layout(tmp_path, small_network, small_variant):
    state = dict(small_network.state_dict())
    after = {}
    for name, tensor in state.items():
        last = any(f"visual.transformer.resblocks.{i}.attn" in name for i in (1, 2))
        renamed = name
        if last:
            renamed = name.replace("in_proj_", "qkv.").replace("out_proj", "proj")
            if ".2." in name:
                after["encoder.visual.attn." + renamed.split(".attn.")[1]] = tensor
        after[renamed] = tensor
    after["img2img_attn.pos_x"] = torch.ones(2)
    after["norm_text_cond_img.bias"] = torch.ones(2)
    digests = set()
    for number, model in enumerate((state, after)):
        path = tmp_path / f"{number}.pth"
        torch.save({"model": model, "args": argparse.Namespace(x=1), "epoch": 2}, path)
        network, info = load_network(small_variant, path)
        assert torch.equal(network.state_dict()["mlp.weight"], state["mlp.weight"])
        digests.add(info.digest)
    assert digests == {parameter_digest(state)}


def test_loaded_values_survive_a_change_of_the_file(tmp_path, small_network, small_variant):
    path = tmp_path / "c.pth"
    torch.save({"model": small_network.state_dict()}, path)
    network, info = load_network(small_variant, path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\xff" * size)
    assert parameter_digest(network.state_dict()) == info.digest


def test_random_weights_are_seeded(small_variant):
    digests = [
        load_network(small_variant, weights)[1].digest for weights in ("random", "random:0", "random:1")
    ]
    assert digests[0] == digests[1] != digests[2]
    with pytest.raises(WeightsError, match="whole number"):
        load_network(small_variant, "random:x")


def test_only_random_weights_are_random(tmp_path, small_network, small_variant):
    assert load_network(small_variant, "random:1")[1].is_random
    path = tmp_path / "random_init.safetensors"
    save_network(path, small_network)
    assert not load_network(small_variant, path)[1].is_random


def test_a_variant_without_shipped_weights_says_what_to_do(small_variant):
    assert not shipped_weights("ssp_sam_224").exists()
    with pytest.raises(WeightsError, match="path of its checkpoint"):
        load_network("ssp_sam_224")


def test_an_unknown_variant(small_variant):
    with pytest.raises(VariantError, match="no variant"):
        load_network("ssp_sam_huge", "random")


def test_a_wrong_path_names_it(tmp_path, small_variant):
    with pytest.raises(WeightsError, match=r"nowhere\.pth does not exist"):
        load_network(small_variant, tmp_path / "nowhere.pth")
