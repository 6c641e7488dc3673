from __future__ import annotations

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ssp_sam_ros.network import SSPSAM, Variant
from ssp_sam_ros.network.variant import ClipText, ClipVision, PromptEncoderSizes, Sam, SamEncoder
from ssp_sam_ros.weights import published
from ssp_sam_ros.weights.golden import golden_tensor
from ssp_sam_ros.weights.initialisation import build_unfilled, fill_randomly
from ssp_sam_ros.weights.published import PublishedFile


@pytest.fixture(scope="session")
def small_variant() -> Variant:
    """The released architecture, every part of it, in small."""
    return Variant(
        name="small",
        joint_dim=32,
        clip=ClipVision(
            image_size=(32, 32), patch_size=8, width=32, layers=3, head_width=16, surgery_blocks=2
        ),
        text=ClipText(width=32, heads=2, layers=1, context=16, vocabulary=("mug", "red", "the")),
        prompt=PromptEncoderSizes(dim=32, tokens=4, attention_heads=2, layers=1, heads=2, feed_forward=32),
        sam=Sam(
            image_size=(64, 64),
            encoder=SamEncoder(width=32, depth=2, heads=2, global_attention=(1,), window=2),
            dim=32,
            decoder_heads=2,
            decoder_feed_forward=32,
            iou_hidden=16,
        ),
    )


@pytest.fixture
def small_network(small_variant: Variant) -> SSPSAM:
    network = build_unfilled(small_variant)
    fill_randomly(network, seed=3)
    return network.eval()


BLOCK = "encoder.visual.transformer.resblocks.{}.attn.{}"
RENAMED = {
    "in_proj_weight": "qkv.weight",
    "in_proj_bias": "qkv.bias",
    "out_proj.weight": "proj.weight",
    "out_proj.bias": "proj.bias",
}


@dataclass(frozen=True)
class Release:
    """A folder as if the small network had been published: files of SAM, of CLIP, and checkpoints."""

    folder: Path
    variant: Variant
    model: dict[str, torch.Tensor]
    """Every tensor of the network, by the fixtures' rules."""

    @property
    def unused(self) -> dict[str, torch.Tensor]:
        return {"img2img_attn.pos_x": torch.full((2, 3), 0.25), "norm_text_cond_img.bias": torch.arange(4.0)}

    def part(self, prefix: str) -> dict[str, torch.Tensor]:
        return {n.removeprefix(prefix): t for n, t in self.model.items() if n.startswith(prefix)}

    def named(self, layout: str) -> dict[str, torch.Tensor]:
        """The checkpoint's `model` in a layout, made apart from the package's own code."""
        named = dict(self.model)
        if layout != "before_forward":
            for block in (1, 2):  # the last two of three run the surgery
                for before, after in RENAMED.items():
                    named[BLOCK.format(block, after)] = named.pop(BLOCK.format(block, before))
        if layout == "after_forward+alias":
            for after in RENAMED.values():
                named[f"encoder.visual.attn.{after}"] = named[BLOCK.format(2, after)]
        return named | self.unused

    def checkpoint(self, layout: str = "before_forward", name: str = "authors.pth") -> Path:
        path = self.folder / name
        arguments = argparse.Namespace(lr=1e-4)
        torch.save({"model": self.named(layout), "optimizer": {}, "epoch": 7, "args": arguments}, path)
        return path


@pytest.fixture
def release(
    tmp_path: Path, small_variant: Variant, small_network: SSPSAM, monkeypatch: pytest.MonkeyPatch
) -> Release:
    shapes = {name: tuple(tensor.shape) for name, tensor in small_network.state_dict().items()}
    values = {name: torch.from_numpy(golden_tensor(name, shape, seed=2)) for name, shape in shapes.items()}
    release = Release(tmp_path / "weights", small_variant, values)
    release.folder.mkdir()
    torch.save(release.part("sam."), release.folder / "sam_small.pth")
    save_file(release.part("encoder."), release.folder / "clip_small.safetensors")
    vision = dataclasses.replace(small_variant.clip, surgery_blocks=ClipVision.surgery_blocks)
    clip = tuple(PublishedFile(name, "CLIP, small") for name in ("clip_small.safetensors", "clip_small.pt"))
    sam = (PublishedFile("sam_small.pth", "SAM, small"),)
    monkeypatch.setattr(published, "_CLIP", ((vision, small_variant.text, clip),))
    monkeypatch.setattr(published, "_SAM", ((small_variant.sam, sam),))
    return release
