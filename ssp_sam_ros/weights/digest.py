"""Names for a file's bytes, and for a set of parameters whatever file they came in (weights.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

_BLOCK = 2**20


def parameter_digest(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over (name, shape, float32 bytes) of every floating-point tensor, sorted by name.

    The same values give the same digest from a checkpoint, from the original files and on every platform.
    Integer tensors (batch counters) are left out: they change no output.

    Each tensor contributes its name, a zero byte, its sides in decimal joined by commas, a zero byte, and its
    values as little-endian float32 in row-major order.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach()
        if not tensor.is_floating_point():
            continue
        shape = ",".join(str(side) for side in tensor.shape)
        digest.update(f"{name}\0{shape}\0".encode())
        values = np.ascontiguousarray(tensor.cpu().float().numpy(), dtype="<f4")
        digest.update(values.reshape(-1).data)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits. Raises OSError if it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
