from __future__ import annotations

import argparse
import dataclasses

import pytest
import torch

from ssp_sam_ros.network import VariantError
from ssp_sam_ros.weights import WeightsError, load_network, parameter_digest, save_network
from ssp_sam_ros.weights.checkpoint import open_weights
from ssp_sam_ros.weights.conversion import to_delta
from ssp_sam_ros.weights.loading import network_weights, shipped_weights


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


def test_a_variant_without_shipped_weights_says_what_to_do():
    assert not shipped_weights("ssp_sam_224").exists()
    with pytest.raises(WeightsError, match=r"path of its checkpoint.*ssp-sam weights --variant ssp_sam_224"):
        load_network("ssp_sam_224", folders=[])


def test_weights_are_found_in_a_weights_folder(release, tmp_path, monkeypatch):
    """By the variant's name unless told otherwise, or by the file's."""
    release.checkpoint("after_forward", "small.pth")
    release.checkpoint("before_forward", "another.pth")
    monkeypatch.setenv("SSP_SAM_WEIGHTS", f"{tmp_path}:{release.folder}")
    for weights, name in ((None, "small.pth"), ("another.pth", "another.pth")):
        _, info = load_network(release.variant, weights)
        assert info.source == str(release.folder / name)
        assert info.digest == parameter_digest(release.model)
        assert not info.is_random


def test_a_delta_comes_before_a_checkpoint_and_what_is_shipped_before_both(release, tmp_path, monkeypatch):
    release.checkpoint(name="small.pth")
    path = release.folder / "small.safetensors"
    to_delta(release.folder / "small.pth", path, release.variant, [release.folder])
    assert network_weights("small", [release.folder]) == path
    monkeypatch.setattr("ssp_sam_ros.weights.loading.ASSETS", tmp_path)
    save_network(tmp_path / "small.safetensors", load_network(release.variant, path)[0])
    assert network_weights("small", [release.folder]) == tmp_path / "small.safetensors"


def test_pretrained_parts_and_random_values_in_all_else(release, monkeypatch):
    monkeypatch.setenv("SSP_SAM_WEIGHTS", str(release.folder))
    network, info = load_network(release.variant, "pretrained")
    state = network.state_dict()
    assert torch.equal(state["encoder.visual.proj"], release.model["encoder.visual.proj"])
    assert not torch.equal(state["mlp.weight"], release.model["mlp.weight"])
    assert info.is_random and info.source == "pretrained"
    assert info.digest == parameter_digest(state)


@pytest.mark.parametrize("name", ["sam_small.pth", "clip_small.safetensors"])
def test_a_file_of_a_frozen_part_is_not_taken_for_the_network(release, name):
    with pytest.raises(WeightsError, match="a frozen part of small, not its weights"):
        load_network(release.variant, release.folder / name, folders=[])


def test_a_checkpoint_of_another_variant_is_called_by_its_name(tmp_path, small_variant):
    network, _ = load_network("ssp_sam_tiny_plain", "random")
    torch.save({"model": network.state_dict()}, tmp_path / "c.pth")
    with pytest.raises(WeightsError, match="holds weights of variant ssp_sam_tiny_plain, not of small"):
        load_network(small_variant, tmp_path / "c.pth")
    assert open_weights(tmp_path / "c.pth", None).variant.name == "ssp_sam_tiny_plain"


@pytest.mark.parametrize("changed", [True, False])
def test_clip_inside_a_checkpoint_is_compared_with_openais(release, caplog, changed):
    if changed:
        release.model["encoder.logit_scale"] += 0.25
    with caplog.at_level("INFO"):
        network, _ = load_network(release.variant, release.checkpoint(), folders=[release.folder])
    (record,) = [record for record in caplog.records if "against" in record.message]
    assert record.name == "ssp_sam", "the nodes forward no other logger"
    assert record.levelname == ("WARNING" if changed else "INFO")
    assert ("1 of " if changed else "tensors agree") in record.message
    assert network.encoder.logit_scale.item() == release.model["encoder.logit_scale"].item()


def test_a_broken_file_of_openais_does_not_stop_a_checkpoint(release, caplog):
    (release.folder / "clip_small.safetensors").write_bytes(b"<html>")
    load_network(release.variant, release.checkpoint(), folders=[release.folder])
    (record,) = [record for record in caplog.records if "is not compared with OpenAI's" in record.message]
    assert record.name == "ssp_sam"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda model: model.pop("sam.mask_decoder.iou_token.weight"),
            r"lacks tensor sam\.mask_decoder\.iou_token",
        ),
        (lambda model: model.update(mystery=torch.ones(1)), "has unknown tensor mystery"),
        (lambda model: model.update(tf_scale=torch.ones(2)), r"misshapen tensor tf_scale \(2 instead of 1\)"),
        (lambda model: model["mlp.bias"].fill_(torch.inf), r"not finite numbers in tensor mlp\.bias"),
    ],
)
def test_what_is_wrong_with_a_checkpoint_is_named_in_one_line(release, spoil, message):
    spoil(release.model)
    path = release.checkpoint("after_forward+alias")
    with pytest.raises(WeightsError, match=message) as caught:
        load_network(release.variant, path, folders=[])
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_an_unknown_variant(small_variant):
    with pytest.raises(VariantError, match="no variant"):
        load_network("ssp_sam_huge", "random")


def test_a_wrong_path_names_it(tmp_path, small_variant):
    with pytest.raises(WeightsError, match=r"nowhere\.pth does not exist: `ssp-sam weights --variant small`"):
        load_network(small_variant, tmp_path / "nowhere.pth", folders=[tmp_path])
    with pytest.raises(WeightsError, match=r"nowhere\.pth does not exist, nor is it in .*: `ssp-sam weights"):
        load_network(small_variant, "nowhere.pth", folders=[tmp_path])
