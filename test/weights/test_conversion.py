"""An authors' checkpoint becomes a delta and comes back; both load as the same network."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ssp_sam_ros.weights import WeightsError, load_network, parameter_digest
from ssp_sam_ros.weights.conversion import to_checkpoint, to_delta
from ssp_sam_ros.weights.delta import LeftOut, write_delta
from ssp_sam_ros.weights.names import Layout
from ssp_sam_ros.weights.parts import FROZEN

LAYOUTS = [layout.value for layout in Layout]


def assert_bit_equal(model, expected):
    assert model.keys() == expected.keys()
    for name, tensor in expected.items():
        assert model[name].dtype == tensor.dtype, name
        assert model[name].shape == tensor.shape, name
        assert model[name].numpy().tobytes() == tensor.numpy().tobytes(), name


def metadata_of(path):
    with safe_open(path, framework="pt") as file:
        return file.metadata()


def rewrite(path, tensors=None, **metadata):
    save_file(tensors or load_file(path), path, {**metadata_of(path), **metadata})


@pytest.fixture
def delta(release, tmp_path):
    """A delta without CLIP and SAM, in a folder of its own."""
    path = tmp_path / "delta.safetensors"
    to_delta(release.checkpoint(), path, release.variant, [release.folder])
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_there_and_back_is_bit_equal(release, tmp_path, layout):
    source, delta, back = release.checkpoint(layout), tmp_path / "d.safetensors", tmp_path / "back.pth"
    there = to_delta(source, delta, release.variant, [release.folder])
    assert there.layout.value == layout
    assert set(there.left_out) == {"clip", "sam"}
    here = to_checkpoint(delta, back, folders=[release.folder])
    assert here.layout.value == layout
    assert here.digest == there.digest == parameter_digest(release.model)
    assert_bit_equal(torch.load(back, weights_only=True)["model"], release.named(layout))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_form_loads_as_the_same_network(release, tmp_path, layout):
    source, delta, whole = release.checkpoint(layout), tmp_path / "d.safetensors", tmp_path / "w.safetensors"
    to_delta(source, delta, release.variant, [release.folder])
    to_delta(source, whole, release.variant, [release.folder], keep=("clip", "sam"))
    for path, folders in ((source, []), (delta, [release.folder]), (whole, [])):
        network, info = load_network(release.variant, path, folders=folders)
        assert info.digest == parameter_digest(release.model)
        assert_bit_equal(dict(network.state_dict()), release.model)


def test_a_delta_holds_what_was_trained_and_nothing_else(release, delta):
    frozen = ("encoder.", "sam.image_encoder.", "sam.prompt_encoder.")
    trained = {name for name in release.model if not name.startswith(frozen)}
    assert load_file(delta).keys() == trained | release.unused.keys()
    assert "sam.mask_decoder.iou_token.weight" in trained


def test_the_layout_can_be_chosen(release, delta, tmp_path):
    back = tmp_path / "back.pt"
    to_checkpoint(delta, back, folders=[release.folder], layout=Layout.AFTER_WITH_ALIAS)
    model = torch.load(back, weights_only=True)["model"]
    assert_bit_equal(model, release.named("after_forward+alias"))
    repeated = model["encoder.visual.attn.qkv.weight"]
    once = model["encoder.visual.transformer.resblocks.2.attn.qkv.weight"]
    assert repeated.data_ptr() == once.data_ptr()  # stored once, as in the release


def test_the_frozen_parts_may_lie_beside_the_delta(release):
    delta = release.folder / "delta.safetensors"
    to_delta(release.checkpoint(), delta, release.variant, [release.folder])
    load_network(release.variant, delta, folders=[])


def test_a_checkpoint_of_the_variant_can_lend_its_frozen_parts(release, delta, monkeypatch):
    monkeypatch.setattr("ssp_sam_ros.weights.published._CHECKPOINTS", {"small": release_file("small.pth")})
    release.checkpoint(name="small.pth")
    (release.folder / "sam_small.pth").unlink()
    (release.folder / "clip_small.safetensors").unlink()
    load_network(release.variant, delta, folders=[release.folder])


def release_file(name):
    from ssp_sam_ros.weights.published import PublishedFile

    return PublishedFile(name, "everything")


def test_a_missing_frozen_part_is_named_with_its_files_and_folders(release, delta):
    (release.folder / "clip_small.safetensors").unlink()
    with pytest.raises(
        WeightsError, match=r"CLIP of small is needed: none of clip_small\.safetensors"
    ) as caught:
        load_network(release.variant, delta, folders=[release.folder])
    assert str(release.folder) in str(caught.value)
    assert "ssp-sam weights --variant small" in str(caught.value)


def test_a_frozen_part_with_other_values_is_refused(release, delta):
    clip = release.part("encoder.")
    clip["ln_final.bias"] = clip["ln_final.bias"] + 1e-6
    save_file(clip, release.folder / "clip_small.safetensors")
    with pytest.raises(WeightsError, match=r"clip_small\.safetensors holds other values of CLIP"):
        load_network(release.variant, delta, folders=[release.folder])


def test_the_next_file_is_tried_if_one_does_not_fit(release, delta):
    path = release.folder / "clip_small.safetensors"
    torch.save(release.part("encoder."), release.folder / "clip_small.pt")
    path.write_bytes(path.read_bytes()[:-4])
    load_network(release.variant, delta, folders=[release.folder])


def test_a_changed_value_of_a_delta_is_noticed(release, delta):
    for name in ("mlp.weight", "img2img_attn.pos_x"):
        kept = delta.read_bytes()
        tensors = load_file(delta)
        tensors[name][0, 0] += 1
        rewrite(delta, tensors)
        with pytest.raises(WeightsError, match="damaged"):
            load_network(release.variant, delta, folders=[release.folder])
        delta.write_bytes(kept)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"left_out": "{"}, "'left_out' cannot be read"),
        ({"left_out": '{"clip": 1}'}, "'left_out' cannot be read"),
        ({"left_out": '{"nose": {"digest": "", "files": []}}'}, "leaves out part 'nose'"),
        ({"layout": "sideways"}, "'layout' is 'sideways'"),
    ],
)
def test_damaged_entries_are_named(release, delta, entry, message):
    rewrite(delta, **entry)
    with pytest.raises(WeightsError, match=message):
        load_network(release.variant, delta, folders=[release.folder])


def test_file_names_in_a_delta_stay_within_the_folders(release, delta, tmp_path):
    (release.folder / "clip_small.safetensors").rename(tmp_path / "elsewhere.safetensors")
    entry = json.loads(metadata_of(delta)["left_out"])
    for name in ("../elsewhere.safetensors", str(tmp_path / "elsewhere.safetensors")):
        entry["clip"]["files"] = [name]
        rewrite(delta, left_out=json.dumps(entry))
        with pytest.raises(WeightsError, match="CLIP of small is needed"):
            load_network(release.variant, delta, folders=[release.folder])


def test_a_part_that_is_not_the_published_one_is_kept(release, tmp_path):
    release.model["encoder.ln_final.bias"][0] += 0.5
    delta = tmp_path / "d.safetensors"
    done = to_delta(release.checkpoint(), delta, release.variant, [release.folder])
    assert set(done.left_out) == {"sam"}
    (note,) = [note for note in done.notes if "CLIP" in note]
    assert "is kept" in note and "1 of " in note and "0.5 (encoder.ln_final.bias)" in note
    network, _ = load_network(release.variant, delta, folders=[release.folder])
    assert_bit_equal(dict(network.state_dict()), release.model)


def test_a_part_in_another_precision_is_kept(release, tmp_path):
    for name in list(release.model):
        if name.startswith("encoder."):
            release.model[name] = release.model[name].half()
    delta, back = tmp_path / "d.safetensors", tmp_path / "back.pth"
    done = to_delta(release.checkpoint(), delta, release.variant, [release.folder])
    assert set(done.left_out) == {"sam"}
    assert any("is kept: it is not float32" in note for note in done.notes)
    to_checkpoint(delta, back, folders=[release.folder])
    assert_bit_equal(torch.load(back, weights_only=True)["model"], release.named("before_forward"))


def test_a_published_file_in_half_precision_serves(release, tmp_path):
    """OpenAI's archives hold float16; a checkpoint holds the same values as float32."""
    for name in list(release.model):
        if name.startswith("encoder."):
            release.model[name] = release.model[name].half().float()
    half = {name: tensor.half() for name, tensor in release.part("encoder.").items()}
    save_file(half, release.folder / "clip_small.safetensors")
    delta, back = tmp_path / "d.safetensors", tmp_path / "back.pth"
    assert "clip" in to_delta(release.checkpoint(), delta, release.variant, [release.folder]).left_out
    to_checkpoint(delta, back, folders=[release.folder])
    assert_bit_equal(torch.load(back, weights_only=True)["model"], release.named("before_forward"))


def test_a_part_whose_file_is_not_at_hand_is_left_out_unchecked(release, tmp_path):
    done = to_delta(release.checkpoint(), tmp_path / "d.safetensors", release.variant, [])
    assert set(done.left_out) == {"clip", "sam"}
    assert all("UNCHECKED" in note for note in done.notes)
    assert "sam_small.pth is not at hand" in done.notes[1]
    load_network(release.variant, tmp_path / "d.safetensors", folders=[release.folder])


def test_a_part_from_a_file_of_ones_own(release, tmp_path, monkeypatch):
    monkeypatch.setattr("ssp_sam_ros.weights.published._CLIP", ())
    own = (release.folder / "clip_small.safetensors").rename(release.folder / "mine.safetensors")
    delta = tmp_path / "d.safetensors"
    assert set(to_delta(release.checkpoint(), delta, release.variant, [release.folder]).left_out) == {"sam"}
    to_delta(release.checkpoint(), delta, release.variant, [release.folder], frozen_files={"clip": own})
    assert json.loads(metadata_of(delta)["left_out"])["clip"]["files"] == ["mine.safetensors"]
    load_network(release.variant, delta, folders=[release.folder])


def test_a_checkpoint_with_a_value_that_is_no_number_is_not_converted(release, tmp_path):
    release.model["norm.bias"][1] = torch.nan
    with pytest.raises(WeightsError, match=r"not finite numbers in tensor norm\.bias"):
        to_delta(release.checkpoint(), tmp_path / "d.safetensors", release.variant, [release.folder])
    assert not (tmp_path / "d.safetensors").exists()


def test_without_the_unused_tensors_a_note_says_so(release, tmp_path):
    torch.save({"model": release.model}, release.folder / "bare.pth")
    done = to_checkpoint(release.folder / "bare.pth", tmp_path / "back.pth", release.variant)
    assert "load non-strictly" in done.notes[0]
    with_them = to_checkpoint(release.checkpoint(), tmp_path / "back.pth", release.variant)
    assert with_them.notes == ()


def test_the_domain_stays_with_the_weights(release, tmp_path, small_network):
    from ssp_sam_ros.weights import save_network

    save_network(tmp_path / "w.safetensors", small_network, {"domain": "kitchens", "note": "n"})
    to_delta(tmp_path / "w.safetensors", tmp_path / "d.safetensors", folders=[release.folder])
    assert metadata_of(tmp_path / "d.safetensors")["domain"] == "kitchens"


def test_a_delta_beside_a_small_model_keeps_its_batch_norms_counts(repository, tmp_path):
    """As a fine-tuning writes it that leaves SAM as it was: its own start has the frozen part."""
    whole = repository / "ssp_sam_ros" / "assets" / "ssp_sam_tiny.safetensors"
    (tmp_path / whole.name).write_bytes(whole.read_bytes())
    expected, known = load_network("ssp_sam_tiny")
    state, path = dict(expected.state_dict()), tmp_path / "delta.safetensors"
    (sam,) = (part for part in FROZEN if part.key == "sam")
    left_out = {"sam": LeftOut(parameter_digest(sam.of(state)), (whole.name,))}
    write_delta(path, expected.variant, state, {}, Layout.BEFORE, left_out, {})
    network, info = load_network("ssp_sam_tiny", path, folders=[tmp_path])
    assert info.digest == known.digest
    assert_bit_equal(dict(network.state_dict()), state)
