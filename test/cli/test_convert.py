"""`ssp-sam convert`; what is converted how is tested in test/weights/test_conversion.py."""

from __future__ import annotations

import argparse
import json

import pytest
import torch

from ssp_sam_ros.cli import convert
from ssp_sam_ros.network import Variant
from ssp_sam_ros.network.variant import ClipText, ClipVision, PromptEncoderSizes, Sam, SamEncoder
from ssp_sam_ros.weights import load_network


def run(*given: object) -> int:
    parser = argparse.ArgumentParser()
    convert.add_arguments(parser)
    return convert.run(parser.parse_args([str(item) for item in given]))


@pytest.fixture
def variant_file(tmp_path):
    variant = Variant(
        name="small",
        joint_dim=16,
        clip=ClipVision(
            image_size=(16, 16), patch_size=8, width=16, layers=2, head_width=16, surgery_blocks=1
        ),
        text=ClipText(width=16, heads=2, layers=1, context=16, vocabulary=("mug",)),
        prompt=PromptEncoderSizes(dim=16, tokens=2, attention_heads=2, layers=1, heads=2, feed_forward=16),
        sam=Sam(
            image_size=(32, 32),
            encoder=SamEncoder(width=16, depth=1, heads=2, global_attention=(0,), window=2),
            dim=16,
            decoder_heads=2,
            decoder_feed_forward=16,
            iou_hidden=16,
        ),
    )
    (tmp_path / "small.json").write_text(variant.to_json())
    return tmp_path / "small.json"


@pytest.fixture
def checkpoint(tmp_path, variant_file):
    network, _ = load_network(variant_file, "random")
    torch.save({"model": network.state_dict(), "args": argparse.Namespace()}, tmp_path / "authors.pth")
    return tmp_path / "authors.pth"


def test_there_and_back(tmp_path, variant_file, checkpoint, capsys):
    encoder = {
        name.removeprefix("encoder."): tensor
        for name, tensor in torch.load(checkpoint, weights_only=False)["model"].items()
        if name.startswith("encoder.")
    }
    torch.save(encoder, tmp_path / "clip.pth")
    delta, back = tmp_path / "delta.safetensors", tmp_path / "back.pth"
    frozen = f"clip={tmp_path / 'clip.pth'}"
    assert run(checkpoint, delta, "--variant", variant_file, "--frozen", frozen) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report["written"] == str(delta)
    assert report["bytes"] == delta.stat().st_size < checkpoint.stat().st_size == report["bytes_source"]
    assert report["layout"] == "before_forward"
    assert set(report["left_out"]) == {"clip"}
    assert "CLIP is left out: every value is that of" in printed.err
    assert run(delta, back, "--weights-dir", tmp_path, "--layout", "after") == 0
    restored = json.loads(capsys.readouterr().out)
    assert restored["digest"] == report["digest"]
    assert restored["layout"] == "after_forward"
    model = torch.load(back, weights_only=True)["model"]
    assert "encoder.visual.transformer.resblocks.1.attn.qkv.weight" in model
    assert "encoder.visual.transformer.resblocks.0.attn.in_proj_weight" in model


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["w.bin"], r"ends in \.safetensors, \.pth or \.pt"),
        (["w.safetensors", "--layout", "before"], "--layout is for a checkpoint"),
        (["w.pth", "--keep", "clip"], "are for a delta"),
        (["w.safetensors", "--frozen", "nose=w.pth"], "PART=FILE"),
        (["w.safetensors", "--frozen", "clip"], "PART=FILE"),
        (["nowhere/w.safetensors"], "folder .*nowhere does not exist"),
        (["authors.pth"], "is there already: --force replaces it"),
        (["w.safetensors"], "fits no variant of this package"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_written(tmp_path, checkpoint, arguments, message):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=message):
        run(checkpoint, tmp_path / arguments[0], *arguments[1:])
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_is_replaced_when_told_to(tmp_path, variant_file, checkpoint):
    delta = tmp_path / "delta.safetensors"
    delta.write_text("old")
    assert run(checkpoint, delta, "--variant", variant_file, "--force") == 0
    assert load_network(variant_file, delta)[1].digest == load_network(variant_file, checkpoint)[1].digest
