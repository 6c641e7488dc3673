"""Readers: a file becomes named tensors and text metadata, and never runs code."""

from __future__ import annotations

import argparse
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ssp_sam_ros.weights.errors import WeightsError

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_LFS_POINTER = b"version https://git-lfs"


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a weights file, recognised by its content: safetensors or a torch checkpoint.

    Raises:
        WeightsError: if there is no such file or it is neither, is damaged, or could only be read by running
            code that it holds.
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
    if head.startswith((_ZIP, _PICKLE)):
        return _read_checkpoint(path), {}
    if head[8:9] == b"{":
        return _read_safetensors(path)
    raise WeightsError(
        f"{path} is neither a safetensors file nor a torch checkpoint: it may be incomplete or a web page"
    )


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except SafetensorError as error:
        raise WeightsError(f"{path} is damaged: {_one_line(error)}") from error


def _read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The `model` entry of a checkpoint of the authors' code, or a bare mapping of tensors.

    Their files keep the training's command line as an argparse.Namespace, which is plain data: that one class
    is allowed, nothing else is.
    """
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = _load(path)
    except pickle.UnpicklingError as error:
        refused = re.search(r"GLOBAL ([\w.]+)", str(error))
        if refused is None:
            raise WeightsError(f"{path} is damaged: {_one_line(error)}") from error
        raise WeightsError(
            f"{path} holds an object of {refused[1]}, which only code from the file could rebuild: refused. "
            "Save its 'model' entry alone, or as safetensors"
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be read as a torch checkpoint: {_one_line(error)}") from error
    state = content.get("model", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not state:
        raise WeightsError(f"{path} holds no tensors: a checkpoint has them under 'model'")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise WeightsError(f"{path}: entry {name!r} is a {type(value).__name__}, not a tensor")
    return dict(state)


def _load(path: Path) -> Any:
    # Mapped into memory, the optimiser's state in the file is never read; the old format cannot be mapped.
    with path.open("rb") as file:
        mappable = file.read(4) == _ZIP
    return torch.load(path, map_location="cpu", weights_only=True, mmap=mappable)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:197] + "..."
