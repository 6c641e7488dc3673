"""Entries of a weights file change; its tensors, digest and use do not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ssp_sam_ros.weights import WeightsError, load_network, save_network
from ssp_sam_ros.weights.files import read_metadata, read_tensors
from ssp_sam_ros.weights.metadata import write_with_metadata


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network, _ = load_network("ssp_sam_tiny", "random")
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    save_network(path, network, {"domain": "noise", "note": "old"}, half=True)
    return path


def test_a_copy_has_the_entry_and_the_same_parameters(weights: Path, tmp_path: Path) -> None:
    before, copy = weights.read_bytes(), tmp_path / "copy.safetensors"
    write_with_metadata(weights, copy, {"note": "new", "more": "1"})
    assert weights.read_bytes() == before
    old, new = read_metadata(weights), read_metadata(copy)
    assert new == old | {"note": "new", "more": "1"}
    first, second = read_tensors(weights)[0], read_tensors(copy)[0]
    assert first.keys() == second.keys()
    assert all(
        torch.equal(first[name], second[name]) and first[name].dtype == second[name].dtype for name in first
    )
    _, info = load_network("ssp_sam_tiny", copy)
    assert (info.digest, info.domain, info.metadata["more"]) == (old["digest"], "noise", "1")


def test_in_place_and_again(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(weights.read_bytes())
    for value in ("1", "2"):
        write_with_metadata(path, path, {"entry": value})
        assert read_metadata(path)["entry"] == value
    assert [one.name for one in tmp_path.iterdir()] == ["w.safetensors"]


def test_what_describes_the_tensors_stays(weights: Path, tmp_path: Path) -> None:
    for name in ("digest", "variant_json", "left_out"):
        with pytest.raises(WeightsError, match=f"metadata '{name}' describes the tensors"):
            write_with_metadata(weights, tmp_path / "w", {name: "x"})
    assert not any(tmp_path.iterdir())


def test_files_of_others_have_no_metadata(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": {"a": torch.zeros(2)}}, path)
    with pytest.raises(WeightsError, match=r"cannot carry metadata: make one of it with `ssp-sam convert`"):
        write_with_metadata(path, path, {"entry": "1"})
