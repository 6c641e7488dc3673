"""Readers: a file becomes named tensors and text metadata, and never runs code."""

from __future__ import annotations

import argparse
import json
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ssp_sam_ros.weights.digest import file_digest
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.published import TRUSTED_ARCHIVES

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_LFS_POINTER = b"version https://git-lfs"
_LONGEST_HEADER = 100_000_000  # bytes of a safetensors file's table of contents, by its format


# What torch's restricted unpickler raises on bytes that are no pickle depends on where it stumbles.
_BROKEN_PICKLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)


def read_tensors(
    path: Path, trusted_archives: Collection[str] = TRUSTED_ARCHIVES
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a weights file, recognised by its content.

    It may be safetensors, a torch checkpoint, or a TorchScript archive. The last is code, so it is opened
    only if its SHA-256 is one of `trusted_archives`: the ones that OpenAI published.

    Raises:
        WeightsError: if there is no such file or it is none of these, is damaged, or could only be read by
            running code that it holds.
    """
    if not path.is_file():
        kind = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise WeightsError(f"weights file {path} {kind}")
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(_LFS_POINTER):
        raise WeightsError(
            f"{path} is a Git LFS pointer, not the weights: run `git lfs pull` where it came from"
        )
    if head.startswith(_ZIP):
        if _is_torchscript(path):
            return _read_torchscript(path, trusted_archives), {}
        return _read_checkpoint(path, mappable=True), {}
    # Before the pickles: the length that a safetensors file begins with may have their first byte.
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= _LONGEST_HEADER:
        return _read_safetensors(path)
    if head.startswith(_PICKLE):  # the format before torch 1.6, which cannot be mapped into memory
        return _read_checkpoint(path, mappable=False), {}
    raise WeightsError(
        f"{path} is neither a safetensors file nor a torch checkpoint: it may be incomplete or a web page"
    )


def read_metadata(path: Path) -> dict[str, str]:
    """The text entries of a safetensors file, without its tensors.

    Raises:
        WeightsError: if the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except SafetensorError as error:
        raise WeightsError(f"{path} is damaged: {_one_line(error)}") from error


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except SafetensorError as error:
        if (name := _first_truncated(path)) is not None:
            raise WeightsError(
                f"{path} is incomplete: it ends within or before tensor '{name}'; get it again"
            ) from error
        raise WeightsError(f"{path} is damaged: {_one_line(error)}") from error


def _first_truncated(path: Path) -> str | None:
    """The first tensor of a safetensors file whose values the file is too short for."""
    with path.open("rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        if size > path.stat().st_size:
            return None
        try:
            entries = json.loads(file.read(size))
            ends = {
                name: 8 + size + e["data_offsets"][1] for name, e in entries.items() if name != "__metadata__"
            }
            lost = {name: end for name, end in ends.items() if end > path.stat().st_size}
        except (ValueError, LookupError, TypeError, AttributeError):
            return None  # the header itself is damaged
    return min(lost, key=lost.__getitem__, default=None)


def _is_torchscript(path: Path) -> bool:
    """Whether a zip archive holds TorchScript.

    Raises:
        WeightsError: if the archive has no table of contents, which is its last part.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise WeightsError(
            f"{path} cannot be read: the archive's end is missing or damaged; "
            f"{path.stat().st_size:,} bytes are there, get it again"
        ) from error


def _read_torchscript(path: Path, trusted: Collection[str]) -> dict[str, Tensor]:
    digest = file_digest(path)
    if digest not in trusted:
        raise WeightsError(
            f"{path} is a TorchScript archive, which is code, and its SHA-256 {digest} is not that of a file "
            "OpenAI published: refused. Take the same weights as safetensors"
        )
    module = torch.jit.load(str(path), map_location="cpu")
    return dict(module.state_dict())


def _read_checkpoint(path: Path, mappable: bool) -> dict[str, Tensor]:
    """The `model` entry of a checkpoint of the authors' code, or a bare mapping of tensors.

    Their files keep the training's command line as an argparse.Namespace, which is plain data: that one class
    is allowed, nothing else is. Mapped into memory, the optimiser's state in the file is never read.
    """
    try:
        with torch.serialization.safe_globals([argparse.Namespace]), warnings.catch_warnings():
            # Of a file that is no pickle torch says which pickle protocol it takes it for.
            warnings.filterwarnings("ignore", "Detected pickle protocol")
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=mappable)
    except pickle.UnpicklingError as error:
        refused = re.search(r"GLOBAL ([\w.]+)", str(error))
        if refused is None:
            raise WeightsError(f"{path} is damaged: {_one_line(error)}") from error
        raise WeightsError(
            f"{path} holds an object of {refused[1]}, which only code from the file could rebuild: refused. "
            "Save its 'model' entry alone, or as safetensors"
        ) from error
    except _BROKEN_PICKLE as error:
        raise WeightsError(f"{path} cannot be read as a torch checkpoint: {_one_line(error)}") from error
    state = content.get("model", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not state:
        raise WeightsError(f"{path} holds no tensors: a checkpoint has them under 'model'")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise WeightsError(f"{path}: entry {name!r} is a {type(value).__name__}, not a tensor")
        if value.is_nested or value.is_meta or value.is_quantized or value.layout is not torch.strided:
            raise WeightsError(f"{path}: tensor '{name}' is not a plain array of values")
    return {name: value.detach() for name, value in state.items()}


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."
