"""Changing what a weights file says about itself, tensors untouched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file

from ssp_sam_ros.weights.atomic import written_atomically
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.files import read_tensors

_OWN = ("format", "variant", "variant_json", "digest", "contents", "left_out", "layout")


def write_with_metadata(source: Path, target: Path, entries: Mapping[str, str]) -> None:
    """Copy one of this package's weights files with some metadata entries added or replaced.

    Args:
        source: the file, whole or a delta.
        target: where the copy goes, whole or not at all; may be `source`. Its folder must exist.
        entries: the entries, text.

    Raises:
        WeightsError: if the file is none of this package, or an entry is one that describes its tensors.
    """
    if taken := [name for name in _OWN if name in entries]:
        raise WeightsError(f"metadata '{taken[0]}' describes the tensors: it cannot be changed")
    tensors, metadata = read_tensors(source)
    if "variant_json" not in metadata:
        raise WeightsError(
            f"{source} is not a weights file of this package and cannot carry metadata: "
            "make one of it with `ssp-sam convert`"
        )
    with written_atomically(target) as temporary:
        save_file(tensors, temporary, {**metadata, **entries})
