"""Writing this package's own weights files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

from ssp_sam_ros.network import SSPSAM
from ssp_sam_ros.weights.atomic import written_atomically
from ssp_sam_ros.weights.delta import FORMAT
from ssp_sam_ros.weights.digest import parameter_digest
from ssp_sam_ros.weights.errors import WeightsError

_RESERVED = ("format", "variant", "variant_json", "digest")


def save_network(
    path: str | Path, network: SSPSAM, metadata: Mapping[str, str] | None = None, half: bool = False
) -> str:
    """Write all tensors of `network` as safetensors, whole or not at all.

    The file carries its format, its variant (name and full JSON), the digest of the parameters as stored, and
    `metadata`; of the latter, `domain` says what pictures the weights are good for.

    Args:
        path: the file; its folder must exist. An older file is replaced in one step.
        network: what to save.
        metadata: free text entries.
        half: store floating-point tensors as float16, half the size.

    Returns:
        The digest.

    Raises:
        WeightsError: if a value does not fit float16, or metadata uses a name that the file itself needs.
    """
    path, metadata = Path(path), dict(metadata or {})
    if taken := [name for name in _RESERVED if name in metadata]:
        raise WeightsError(f"metadata '{taken[0]}' is written by save_network itself: leave it out")
    state = {}
    for name, tensor in network.state_dict().items():
        stored = tensor.detach().cpu()
        if tensor.is_floating_point():
            stored = stored.to(torch.float16 if half else torch.float32)
            if not torch.isfinite(stored).all():
                raise WeightsError(
                    f"tensor '{name}' has values that are not finite{' in float16' if half else ''}"
                )
        state[name] = stored.contiguous().clone()
    digest = parameter_digest(state)
    entries = {
        "format": FORMAT,
        "variant": network.variant.name,
        "variant_json": network.variant.to_json(),
        "digest": digest,
        **metadata,
    }
    with written_atomically(path) as temporary:
        save_file(state, temporary, entries)
    return digest
