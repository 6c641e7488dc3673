"""A delta: safetensors with what was trained, and the digests of the frozen parts it belongs to.

Metadata of such a file, all text:

| entry | what |
|---|---|
| `format`, `variant`, `variant_json` | as in every file of this package |
| `digest` | parameter digest of the whole network, parts that are left out included |
| `contents` | parameter digest of the tensors in the file |
| `left_out` | JSON: part -> its parameter digest and what its file may be called |
| `layout` | the authors' layout that the tensors came in (`Layout`) |
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from ssp_sam_ros.network import Variant
from ssp_sam_ros.weights.atomic import written_atomically
from ssp_sam_ros.weights.digest import parameter_digest
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.names import Layout
from ssp_sam_ros.weights.parts import FROZEN, Part, missing_part, part_file_names, part_files, read_part

FORMAT = "ssp_sam_ros/1"


@dataclass(frozen=True)
class LeftOut:
    """A frozen part that a delta does without: its parameter digest, and the names of files that have it."""

    digest: str
    files: tuple[str, ...]


def write_delta(
    path: Path,
    variant: Variant,
    tensors: Mapping[str, Tensor],
    unused: Mapping[str, Tensor],
    layout: Layout,
    left_out: Mapping[str, LeftOut],
    metadata: Mapping[str, str],
) -> str:
    """Write a delta, whole or not at all; its tensors keep their types.

    Args:
        path: the file; its folder must exist.
        variant: the network's.
        tensors: the whole network under its own names.
        unused: tensors of the authors' file that the network does not have; they go into the file, too.
        layout: how the authors' file named its tensors.
        left_out: the parts that do not go into the file, by `Part.key`.
        metadata: further entries.

    Returns:
        The digest of the whole network.
    """
    absent = tuple(prefix for part in FROZEN if part.key in left_out for prefix in part.prefixes)
    stored = {name: tensor for name, tensor in tensors.items() if not name.startswith(absent or ("\0",))}
    # Clones, because safetensors refuses tensors that share memory, as those of a mapped file do.
    stored = {
        name: tensor.detach().cpu().contiguous().clone() for name, tensor in (stored | dict(unused)).items()
    }
    digest = parameter_digest(tensors)
    entries = {
        **metadata,
        "format": FORMAT,
        "variant": variant.name,
        "variant_json": variant.to_json(),
        "digest": digest,
        "contents": parameter_digest(stored),
        "left_out": json.dumps({key: asdict(part) for key, part in left_out.items()}),
        "layout": layout.value,
    }
    with written_atomically(path) as temporary:
        save_file(stored, temporary, entries)
    return digest


def left_out_parts(metadata: Mapping[str, str], source: str) -> dict[str, LeftOut]:
    """The parts that a file says it does without, {} for a file that has everything.

    Raises:
        WeightsError: if that entry of the metadata cannot be understood.
    """
    try:
        raw = json.loads(metadata.get("left_out", "{}"))
        parts = {key: LeftOut(str(p["digest"]), tuple(map(str, p["files"]))) for key, p in raw.items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise WeightsError(f"{source} is damaged: its entry 'left_out' cannot be read") from error
    if unknown := parts.keys() - {part.key for part in FROZEN}:
        raise WeightsError(f"{source} leaves out part '{min(unknown)}', which this version does not know")
    return parts


def check_contents(state: Mapping[str, Tensor], metadata: Mapping[str, str], source: str) -> None:
    """Hold a delta's tensors, as stored, to the digest that it carries.

    Raises:
        WeightsError: if they differ.
    """
    if parameter_digest(state) != metadata.get("contents"):
        raise WeightsError(f"{source} is damaged: its tensors do not give the digest it carries")


def find_part(
    part: Part,
    left_out: LeftOut,
    variant: Variant,
    wanted: Mapping[str, Tensor],
    folders: Sequence[Path],
) -> tuple[dict[str, Tensor], Path]:
    """The frozen part that a delta belongs to, float32, and the file that it is in.

    Raises:
        WeightsError: if no file has it, or those that should have other values or cannot be used.
    """
    plain = [
        name for name in left_out.files if Path(name).name == name
    ]  # a file of strangers may name others
    names = part_file_names(variant, part, plain)
    present = part_files(names, folders)
    if not present:
        raise WeightsError(missing_part(variant, part, names, folders))
    refused = []
    for path in present:
        try:
            tensors = read_part(path, part, wanted)
        except WeightsError as error:
            refused.append(str(error))
            continue
        if parameter_digest(tensors) == left_out.digest:
            return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}, path
        refused.append(f"{path} holds other values of {part.title} than the delta was made with")
    raise WeightsError("; ".join(refused))
