"""The model that the parameters name: its variant and its weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ssp_sam_ros.doctor.check import Check, Level

_QUICK = 2**28
"""Bytes of weights, in all the files that they need, that are read as a matter of course."""


def check_weights(model: str, weights: str, first: Sequence[Path], verify: bool) -> list[Check]:
    """The weights of the model, loaded as the node would load them, and which other variants are ready.

    Args:
        model, weights: values of the parameters.
        first: folders to look in before the usual ones.
        verify: load them however large they are.
    """
    try:
        from ssp_sam_ros.network import load_variant
        from ssp_sam_ros.network.variant import VariantError
        from ssp_sam_ros.weights.folders import weights_folders
    except (ImportError, OSError, RuntimeError) as error:
        return [Check("weights", Level.FAIL, f"cannot be read without torch: {error}")]
    places = weights_folders(first)
    try:
        name = load_variant(model).name
    except (VariantError, OSError) as error:
        return [Check("weights", Level.FAIL, str(error), "change the parameter model")]
    return [_loaded(model, name, weights, places, verify), *_wrong_files(places), _others(name, places)]


def _loaded(model: str, name: str, weights: str, folders: Sequence[Path], verify: bool) -> Check:
    from ssp_sam_ros.weights import WeightsError, load_network
    from ssp_sam_ros.weights.folders import find_file
    from ssp_sam_ros.weights.loading import network_weights

    path = network_weights(name, folders) if not weights else find_file(weights, [Path(), *folders])
    size = _bytes_to_read(path, model, folders) if path is not None else 0
    if size > _QUICK and not verify:
        text = f"{name}: {path}, {size:,} bytes with all that it needs, not read"
        return Check("weights", Level.OK, text, "add --verify to load it", {"path": str(path), "bytes": size})
    try:
        _, info = load_network(model, weights or None, folders=folders)
    except (WeightsError, OSError) as error:
        return Check("weights", Level.FAIL, str(error), f"see `ssp-sam weights --variant {name}`")
    details = {"variant": name, "source": info.source, "digest": info.digest, "domain": info.domain}
    text = f"{name}: {info.source}, digest {info.digest[:12]}"
    if info.is_random:
        return Check("weights", Level.WARN, f"{text}, RANDOM", "answers mean nothing: name weights", details)
    if info.domain:
        text += f", good for {info.domain} only"
    return Check("weights", Level.OK, text, details=details)


def _bytes_to_read(path: Path, model: str, folders: Sequence[Path]) -> int:
    """Of a weights file and, for a delta, of the files with the parts that it leaves out.

    Of the file alone where it cannot be used or a part is missing: loading it then says what is wrong.
    """
    from ssp_sam_ros.network import load_variant
    from ssp_sam_ros.weights import WeightsError
    from ssp_sam_ros.weights.delta import left_out_parts
    from ssp_sam_ros.weights.files import read_metadata
    from ssp_sam_ros.weights.parts import FROZEN, part_file_names, part_files

    size = path.stat().st_size
    try:
        left_out = left_out_parts(read_metadata(path), str(path)) if path.suffix == ".safetensors" else {}
    except WeightsError:
        return size
    places = (path.absolute().parent, *folders)
    total, variant = size, load_variant(model)
    for part in FROZEN:
        if part.key in left_out:
            found = part_files(part_file_names(variant, part, left_out[part.key].files), places)
            if not found:
                return size
            total += found[0].stat().st_size
    return total


def _wrong_files(folders: Sequence[Path]) -> list[Check]:
    """Files of known names that are not what they should be."""
    from ssp_sam_ros.weights.inventory import file_status
    from ssp_sam_ros.weights.published import PUBLISHED

    return [
        Check(
            "weights",
            Level.WARN,
            f"{status.path}: {status.state.value}",
            f"delete it, then `ssp-sam weights --download {file.name}`",
            {"path": str(status.path), "state": status.state.value},
        )
        for file in PUBLISHED
        if (status := file_status(file, folders)).state.wrong
    ]


def _others(name: str, folders: Sequence[Path]) -> Check:
    from ssp_sam_ros.network import load_variant, variant_names
    from ssp_sam_ros.weights.inventory import variant_status

    others = [other for other in variant_names() if other != name]
    ready = [other for other in others if variant_status(load_variant(other), folders).ready]
    text = f"other variants ready to use: {', '.join(ready) or 'none'} of {len(others)}"
    return Check("weights", Level.OK, f"{text}; `ssp-sam weights` lists them", details={"ready": ready})
