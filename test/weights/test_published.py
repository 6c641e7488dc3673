"""The table of published files against the specification and the documentation."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ssp_sam_ros.network import load_variant
from ssp_sam_ros.weights.published import (
    PUBLISHED,
    TRUSTED_ARCHIVES,
    PublishedFile,
    published_checkpoint,
    published_file,
    published_parts,
)


def row(file: PublishedFile) -> str:
    """The file's row of docs/weights.md."""
    size = "unknown" if file.size is None else f"{file.size:,}"
    digest = "unknown" if file.sha256 is None else f"`{file.sha256}`"
    return f"| `{file.name}` | {file.holds} | {file.url or file.page} | {size} | {digest} | {file.licence} |"


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.name)
def test_the_documentation_has_every_file(repository, file):
    assert row(file) in (repository / "docs" / "weights.md").read_text("utf-8").splitlines()


def test_sizes_and_digests_are_those_of_the_specification(shared):
    """What it does not know ("?") is unknown here, too."""
    rows = re.findall(
        r"^\| (\S+\.pth?).*\| ([\d,?]+) \| ([0-9a-f?]+) \|$", (shared / "spec/weights.md").read_text(), re.M
    )
    assert len(rows) == 5
    for name, size, digest in rows:
        file = published_file(name)
        assert file is not None
        assert file.size == (None if size == "?" else int(size.replace(",", "")))
        assert file.sha256 == (None if digest == "?" else digest)
    listed = {name for name, _, _ in rows}
    assert all(file.size is None and file.sha256 is None for file in PUBLISHED if file.name not in listed)


def test_only_openais_archives_may_be_opened():
    archives = {file.sha256 for file in PUBLISHED if file.name.endswith(".pt")}
    assert archives == TRUSTED_ARCHIVES


def names(variant_name: str) -> dict[str, list[str]]:
    parts = published_parts(load_variant(variant_name))
    return {key: [file.name for file in files] for key, files in parts.items()}


def test_the_parts_of_the_published_variants():
    vit_b = ["vit_base_patch16_clip_224.openai.safetensors", "ViT-B-16.pt"]
    vit_l = ["vit_large_patch14_clip_336.openai.safetensors", "ViT-L-14-336px.pt"]
    assert names("ssp_sam_224") == {"clip": vit_b, "sam": ["sam_vit_h_4b8939.pth"]}
    assert names("ssp_sam_336") == {"clip": vit_l, "sam": ["sam_vit_h_4b8939.pth"]}
    assert names("ssp_sam_tiny") == {}


def test_parts_go_by_size_not_by_name():
    variant = load_variant("ssp_sam_224")
    encoder = dataclasses.replace(
        variant.sam.encoder, width=768, depth=12, heads=12, global_attention=(2, 5, 8, 11)
    )
    other = dataclasses.replace(
        variant,
        name="mine",
        clip=dataclasses.replace(variant.clip, surgery_blocks=3),
        sam=dataclasses.replace(variant.sam, encoder=encoder),
    )
    parts = published_parts(other)
    assert parts["sam"][0].name == "sam_vit_b_01ec64.pth"
    assert parts["clip"] == published_parts(variant)["clip"]
    bigger = dataclasses.replace(variant, text=dataclasses.replace(variant.text, width=1024, heads=16))
    assert "clip" not in published_parts(bigger)


def test_checkpoints_of_the_authors():
    for name in ("ssp_sam_224", "ssp_sam_336"):
        checkpoint = published_checkpoint(name)
        assert checkpoint is not None
        assert checkpoint.name == f"{name}.pth"
        assert checkpoint.url is None and checkpoint.page
    assert published_checkpoint("ssp_sam_tiny") is None
