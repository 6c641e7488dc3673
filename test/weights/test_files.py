"""Real files of every kind, whole and broken; none of them may run code."""

from __future__ import annotations

import argparse
import os
import pickle
import warnings
from pathlib import PurePosixPath

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ssp_sam_ros.weights import WeightsError
from ssp_sam_ros.weights.digest import file_digest
from ssp_sam_ros.weights.files import read_metadata, read_tensors

TENSORS = {"a": torch.arange(3.0), "b": torch.ones(2, 2)}


def assert_same(tensors):
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_safetensors_with_metadata(tmp_path):
    path = tmp_path / "weights"  # the content decides, not the ending
    save_file(TENSORS, path, {"domain": "here"})
    tensors, metadata = read_tensors(path)
    assert_same(tensors)
    assert metadata == {"domain": "here"}


def test_a_length_that_begins_as_a_pickle_does(tmp_path):
    """One safetensors file in 32 begins with the byte 0x80."""
    path = tmp_path / "weights.safetensors"
    for length in range(256):
        save_file(TENSORS, path, {"domain": "x" * length})
        if path.read_bytes()[:1] == b"\x80":
            break
    tensors, metadata = read_tensors(path)
    assert path.read_bytes()[:1] == b"\x80" and metadata == {"domain": "x" * length}
    assert_same(tensors)


@pytest.mark.parametrize("zipped", [True, False])
def test_checkpoint_of_the_authors_code(tmp_path, zipped):
    path = tmp_path / "checkpoint.pth"
    arguments = argparse.Namespace(lr=1e-4, sizes=[1, 2], name="x", nothing=None)
    content = {
        "model": TENSORS,
        "optimizer": {"state": {}, "param_groups": []},
        "epoch": 3,
        "args": arguments,
    }
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    tensors, metadata = read_tensors(path)
    assert_same(tensors)
    assert metadata == {}


def test_bare_state_dict(tmp_path):
    torch.save(TENSORS, tmp_path / "bare.pt")
    assert_same(read_tensors(tmp_path / "bare.pt")[0])


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path, zipped):
    path, trace = tmp_path / "bomb.pth", tmp_path / "trace"
    torch.save({"model": TENSORS, "args": Bomb(trace)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"mkdir.*refused"):
        read_tensors(path)
    assert not trace.exists()


def test_a_plain_pickle_is_refused_and_not_run(tmp_path):
    path, trace = tmp_path / "bomb.p", tmp_path / "trace"
    path.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(WeightsError):
        read_tensors(path)
    assert not trace.exists()


def test_only_the_one_class_is_allowed(tmp_path):
    torch.save({"model": TENSORS, "args": PurePosixPath("x")}, tmp_path / "c.pth")
    with pytest.raises(WeightsError, match="PurePosixPath"):
        read_tensors(tmp_path / "c.pth")


@pytest.fixture
def archive(tmp_path):
    """A TorchScript archive in half precision, as OpenAI's are."""

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Parameter(TENSORS["a"].half())
            self.register_buffer("b", TENSORS["b"].half())

        def forward(self, x):
            return self.a + x

    path = tmp_path / "model.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's, of the format itself
        torch.jit.save(torch.jit.script(Module()), str(path))
    return path


def test_a_torchscript_archive_is_code_and_refused(archive):
    with pytest.raises(WeightsError, match="TorchScript archive, which is code") as caught:
        read_tensors(archive)
    assert file_digest(archive) in str(caught.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_archive_with_a_published_digest_is_read(archive):
    tensors, metadata = read_tensors(archive, trusted_archives={file_digest(archive)})
    assert_same({name: tensor.float() for name, tensor in tensors.items()})
    assert metadata == {}


def test_a_published_digest_of_an_archive_that_was_changed(archive):
    digest = file_digest(archive)
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    with pytest.raises(WeightsError, match="refused"):
        read_tensors(archive, trusted_archives={digest})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "neither"),
        (b"<!DOCTYPE html><html>", "neither"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (b"PK\x03\x04 and then nothing", "the archive's end is missing or damaged; 21 bytes are there"),
        (b"\x80\x02 no pickle", "neither|damaged|cannot be read"),
        (b"\x08\x00\x00\x00\x00\x00\x00\x00{broken}", "damaged"),
    ],
)
def test_broken_files_say_what_they_are(tmp_path, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=message) as caught:
        read_tensors(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("keep", [0.3, 0.9])
@pytest.mark.parametrize("kind", ["safetensors", "torch"])
def test_a_download_cut_short(tmp_path, kind, keep):
    path = tmp_path / "file"
    if kind == "torch":
        torch.save({"model": TENSORS}, path)
    else:
        save_file(TENSORS, path)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(WeightsError):
        read_tensors(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        read_tensors(tmp_path / "none.pth")
    with pytest.raises(WeightsError, match="is a folder"):
        read_tensors(tmp_path)


@pytest.mark.parametrize(
    "content", [{"model": {}}, {"model": {"a": "text"}}, [1, 2], {"model": {1: TENSORS["a"]}}]
)
def test_checkpoints_without_tensors(tmp_path, content):
    torch.save(content, tmp_path / "c.pth")
    with pytest.raises(WeightsError):
        read_tensors(tmp_path / "c.pth")


@pytest.mark.parametrize(
    "tensor", [torch.eye(2).to_sparse(), torch.ones(2, device="meta")], ids=["sparse", "without values"]
)
def test_tensors_that_are_no_arrays_of_values(tmp_path, tensor):
    torch.save({"model": {"a": tensor}}, tmp_path / "c.pth")
    with pytest.raises(WeightsError, match="'a' is not a plain array"):
        read_tensors(tmp_path / "c.pth")


def test_parameters_come_without_gradients(tmp_path):
    torch.save({"a": torch.nn.Parameter(torch.ones(2))}, tmp_path / "c.pth")
    assert not read_tensors(tmp_path / "c.pth")[0]["a"].requires_grad


def test_the_first_tensor_that_is_cut_off_is_named(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.ones(100), "b": torch.ones(100), "c": torch.ones(100)}, path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(WeightsError, match="incomplete: it ends within or before tensor 'b'"):
        read_tensors(path)


def test_metadata_alone(tmp_path):
    save_file(TENSORS, tmp_path / "w", {"domain": "here"})
    assert read_metadata(tmp_path / "w") == {"domain": "here"}
    (tmp_path / "w").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{broken}")
    with pytest.raises(WeightsError, match="damaged"):
        read_metadata(tmp_path / "w")


@pytest.mark.parametrize("kind", ["safetensors", "torch", "before torch 1.6"])
def test_bytes_changed_at_random_are_read_or_refused(tmp_path, kind):
    """A changed value cannot be noticed here; anything else must end in the one error, and in one line."""
    path = tmp_path / "file"
    if kind == "safetensors":
        save_file(TENSORS, path, {"a": "b"})
    else:
        torch.save({"model": TENSORS}, path, _use_new_zipfile_serialization=kind == "torch")
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), rng.integers(1, 9)):
            content[place] = rng.integers(256)
        path.write_bytes(content)
        try:
            tensors, _ = read_tensors(path)
        except WeightsError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert all(isinstance(tensor, torch.Tensor) for tensor in tensors.values())
    assert refused > 50
