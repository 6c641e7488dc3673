from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from ssp_sam_ros.network import load_variant
from ssp_sam_ros.weights.conversion import to_delta
from ssp_sam_ros.weights.digest import file_digest
from ssp_sam_ros.weights.inventory import State, file_status, variant_status
from ssp_sam_ros.weights.published import PublishedFile


@pytest.fixture
def folders(tmp_path):
    return [tmp_path / "first", tmp_path / "second"]


def put(folder, name, content=b"abc"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_a_missing_file_belongs_into_the_first_folder(folders):
    status = file_status(PublishedFile("w.bin", "weights"), folders)
    assert (status.state, status.path, status.size) == (State.MISSING, folders[0] / "w.bin", None)


def test_a_partial_download_stays_where_it_is(folders):
    put(folders[1], "w.bin.part")
    status = file_status(PublishedFile("w.bin", "weights"), folders)
    assert (status.state, status.path, status.size) == (State.PARTIAL, folders[1] / "w.bin", 3)


def test_size_and_digest(folders):
    path = put(folders[1], "w.bin")
    right = file_digest(path)
    assert file_status(PublishedFile("w.bin", "", size=3), folders).state is State.PRESENT
    assert file_status(PublishedFile("w.bin", "", size=4), folders).state is State.WRONG_SIZE
    for sha256, state in (
        (right, State.VERIFIED),
        ("0" * 64, State.WRONG_DIGEST),
        (None, State.UNVERIFIABLE),
    ):
        status = file_status(PublishedFile("w.bin", "", size=3, sha256=sha256), folders, verify=True)
        assert (status.state, status.path, status.sha256) == (state, path, right)


def test_files_that_are_damaged(folders):
    torch.save({"model": {"a": torch.arange(1000.0)}}, put(folders[0], "w.pth"))
    content = bytearray((folders[0] / "w.pth").read_bytes())
    at = content.index(torch.arange(1000.0).numpy().tobytes()) + 100
    content[at] ^= 1
    put(folders[0], "w.pth", content)
    file = PublishedFile("w.pth", "")
    assert file_status(file, folders).state is State.PRESENT  # its values are not read
    assert file_status(file, folders, verify=True).state is State.DAMAGED
    put(folders[0], "w.pth", content[:-30])
    assert file_status(file, folders).state is State.DAMAGED
    save_file({"a": torch.ones(9)}, put(folders[0], "w.safetensors"))
    assert file_status(PublishedFile("w.safetensors", ""), folders).state is State.PRESENT
    (folders[0] / "w.safetensors").write_bytes((folders[0] / "w.safetensors").read_bytes()[:-1])
    assert file_status(PublishedFile("w.safetensors", ""), folders).state is State.DAMAGED


def way(status, index):
    return {need.title: [file.file.name for file in need.files] for need in status.ways[index].needs}


def test_the_ways_to_a_published_variant(folders):
    status = variant_status(load_variant("ssp_sam_336"), folders)
    assert not status.ready and status.shipped is None
    assert way(status, 0) == {"checkpoint": ["ssp_sam_336.pth"]}
    assert way(status, 1) == {
        "delta": ["ssp_sam_336.safetensors"],
        "CLIP": ["vit_large_patch14_clip_336.openai.safetensors", "ViT-L-14-336px.pt"],
        "SAM's image and prompt encoder": ["sam_vit_h_4b8939.pth"],
    }
    torch.save({"model": {"a": torch.ones(1)}}, put(folders[1], "ssp_sam_336.pth"))
    assert variant_status(load_variant("ssp_sam_336"), folders).ready


def test_the_shipped_variant_is_ready(folders):
    status = variant_status(load_variant("ssp_sam_tiny"), folders)
    assert status.ready and status.shipped is not None


def test_a_variant_of_ones_own(folders, small_variant):
    status = variant_status(small_variant, folders)
    assert way(status, 0) == {"weights": ["small.safetensors", "small.pth"]}
    assert not status.ready
    save_file({"a": torch.ones(1)}, put(folders[0], "small.safetensors"))
    assert variant_status(small_variant, folders).ready


def test_a_tokenizer_that_is_a_file_is_needed_in_any_case(folders):
    status = variant_status(load_variant("ssp_sam_224_siglip2"), folders)
    for index in range(2):
        assert way(status, index)["tokenizer"] == ["siglip2_tokenizer.json"]


def test_a_delta_needs_what_it_leaves_out(release):
    folders = [release.folder]
    to_delta(
        release.checkpoint(), release.folder / "small.safetensors", release.variant, folders, keep=["clip"]
    )
    status = variant_status(release.variant, folders)
    assert way(status, 1) == {
        "delta": ["small.safetensors"],
        "SAM's image and prompt encoder": ["sam_small.pth"],
    }
    assert status.ways[1].ready and not status.ways[0].ready
    content = bytearray((release.folder / "small.safetensors").read_bytes())
    content[-5] ^= 1
    (release.folder / "small.safetensors").write_bytes(content)
    assert variant_status(release.variant, folders).ready
    assert not variant_status(release.variant, folders, verify=True).ready
    (release.folder / "sam_small.pth").unlink()
    assert not variant_status(release.variant, folders).ready
