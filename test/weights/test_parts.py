from __future__ import annotations

import functools

import pytest
import torch
from safetensors.torch import save_file

from ssp_sam_ros.network import load_variant
from ssp_sam_ros.weights import WeightsError
from ssp_sam_ros.weights.digest import file_digest
from ssp_sam_ros.weights.files import read_tensors
from ssp_sam_ros.weights.initialisation import build_unfilled, fill_randomly
from ssp_sam_ros.weights.parts import (
    CLIP,
    FROZEN,
    SAM,
    fill_pretrained,
    fitting_variants,
    layout_of_variant,
    read_part,
)


@pytest.mark.parametrize(("name", "trained"), [("ssp_sam_224", 18_109_931), ("ssp_sam_336", 18_469_355)])
def test_what_is_trained_is_what_the_authors_trained(name, trained):
    """18.11 M and 18.47 M parameters, network.md says."""
    layout = layout_of_variant(load_variant(name))
    frozen = {tensor for part in FROZEN for tensor in part.of(layout)}
    assert (
        sum(tensor.numel() for tensor_name, tensor in layout.items() if tensor_name not in frozen) == trained
    )


def test_a_layout_takes_no_memory(small_variant, small_network):
    layout = layout_of_variant(small_variant)
    assert all(tensor.device.type == "meta" for tensor in layout.values())
    assert {n: t.shape for n, t in layout.items()} == {
        n: t.shape for n, t in small_network.state_dict().items()
    }


def test_the_variant_that_tensors_fit(small_network):
    assert fitting_variants(layout_of_variant(load_variant("ssp_sam_224"))) == ["ssp_sam_224"]
    assert fitting_variants(small_network.state_dict()) == []


@pytest.mark.parametrize("part", FROZEN, ids=lambda part: part.key)
def test_a_part_comes_from_its_own_file_or_a_checkpoint(release, part):
    wanted = layout_of_variant(release.variant)
    own = {"clip": "clip_small.safetensors", "sam": "sam_small.pth"}[part.key]
    for path in (release.folder / own, release.checkpoint("after_forward+alias")):
        tensors = read_part(path, part, wanted)
        assert tensors.keys() == part.of(release.model).keys()
        assert all(torch.equal(tensor, release.model[name]) for name, tensor in tensors.items())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's, of TorchScript
def test_clip_from_an_archive_as_openais(release, monkeypatch):
    path = release.folder / "clip_small.pt"
    half = {name: tensor.half() for name, tensor in release.part("encoder.").items()}
    sizes = {"input_resolution": torch.tensor(32), "context_length": torch.tensor(16)}
    torch.jit.save(torch.jit.script(module_of(half | sizes)), str(path))
    wanted = layout_of_variant(release.variant)
    with pytest.raises(WeightsError, match="TorchScript archive, which is code"):
        read_part(path, CLIP, wanted)
    trusting = functools.partial(read_tensors, trusted_archives={file_digest(path)})
    monkeypatch.setattr("ssp_sam_ros.weights.parts.read_tensors", trusting)
    tensors = read_part(path, CLIP, wanted)
    assert tensors.keys() == CLIP.of(release.model).keys()
    assert all(torch.equal(tensor, half[name.removeprefix("encoder.")]) for name, tensor in tensors.items())


def module_of(state):
    """A module with these tensors."""
    module, children = torch.nn.Module(), {}
    for name, tensor in state.items():
        first, _, rest = name.partition(".")
        if rest:
            children.setdefault(first, {})[rest] = tensor
        else:
            module.register_buffer(name, tensor)
    for name, child in children.items():
        module.add_module(name, module_of(child))
    return module


def test_a_file_without_the_part(release):
    with pytest.raises(WeightsError, match=r"sam_small\.pth does not hold CLIP"):
        read_part(release.folder / "sam_small.pth", CLIP, layout_of_variant(release.variant))


def test_an_image_tower_alone_is_no_clip(release):
    visual = {n: t for n, t in release.part("encoder.").items() if n.startswith("visual.")}
    save_file(visual, release.folder / "visual.safetensors")
    with pytest.raises(WeightsError, match=r"lacks tensors encoder\.positional_embedding"):
        read_part(release.folder / "visual.safetensors", CLIP, layout_of_variant(release.variant))


def test_a_part_of_another_size(release):
    sam = release.part("sam.")
    sam["image_encoder.pos_embed"] = torch.ones(1, 2, 2, 32)
    torch.save(sam, release.folder / "sam_small.pth")
    with pytest.raises(WeightsError, match=r"misshapen tensor sam\.image_encoder\.pos_embed \(1x2x2x32"):
        read_part(release.folder / "sam_small.pth", SAM, layout_of_variant(release.variant))


def test_training_starts_from_published_clip_and_sam(release):
    network = build_unfilled(release.variant)
    fill_randomly(network, seed=9)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    used = fill_pretrained(network, [release.folder])
    assert {key: path.name for key, path in used.items()} == {
        "clip": "clip_small.safetensors",
        "sam": "sam_small.pth",
    }
    for name, tensor in network.state_dict().items():
        pretrained = name.startswith(("encoder.", "sam."))  # with SAM's mask decoder
        assert torch.equal(tensor, (release.model if pretrained else before)[name]), name


def test_without_the_published_files_training_cannot_start(release, tmp_path, small_network, monkeypatch):
    with pytest.raises(WeightsError, match="CLIP of small is needed"):
        fill_pretrained(small_network, [tmp_path])
    monkeypatch.setattr("ssp_sam_ros.weights.published._CLIP", ())
    with pytest.raises(WeightsError, match="no published file holds CLIP of variant small"):
        fill_pretrained(small_network, [release.folder])
