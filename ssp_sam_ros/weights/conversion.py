"""From a checkpoint of the authors' layout to a delta, and back; every value keeps its bits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ssp_sam_ros.network import Variant
from ssp_sam_ros.weights.atomic import written_atomically
from ssp_sam_ros.weights.checkpoint import Checkpoint, complete, open_weights
from ssp_sam_ros.weights.comparison import compare
from ssp_sam_ros.weights.delta import LeftOut, write_delta
from ssp_sam_ros.weights.digest import parameter_digest
from ssp_sam_ros.weights.names import Layout, authors_names
from ssp_sam_ros.weights.parts import FROZEN, Part, layout_of_variant, part_files, read_part
from ssp_sam_ros.weights.published import published_parts
from ssp_sam_ros.weights.strict import check_finite

_CARRIED = ("domain",)  # entries of this package's whole files that a delta keeps


@dataclass(frozen=True)
class Conversion:
    """What was written.

    Attributes:
        variant: name of the network's variant.
        layout: the authors' layout of the checkpoint that was read or written.
        digest: parameter digest of the whole network.
        left_out: frozen parts that a delta does without, and the digest of each.
        notes: what the user should know, one line each.
    """

    variant: str
    layout: Layout
    digest: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def to_delta(
    source: Path,
    destination: Path,
    variant: Variant | None = None,
    folders: Sequence[Path] = (),
    keep: Collection[str] = (),
    frozen_files: Mapping[str, Path] | None = None,
) -> Conversion:
    """Write what was trained, and leave out the frozen parts that a published file has.

    A part whose published file lies in a folder is compared with it and left out only if every value is the
    same. One whose file is not at hand is left out unchecked, which a note says.

    Args:
        source: a checkpoint of the authors' code, or a file of this package.
        destination: the delta, safetensors; an older file is replaced in one step.
        variant: the network's; None takes the one that the tensors fit.
        folders: weights folders.
        keep: parts ("clip", "sam") to store in any case.
        frozen_files: for a part that no published file has, the file that it came from.

    Raises:
        WeightsError: if the source cannot be used.
    """
    file = open_weights(source, variant)
    checkpoint = complete(file, layout_of_variant(file.variant), folders)
    check_finite(checkpoint.tensors, str(source))
    left_out, notes = {}, []
    for part in FROZEN:
        if part.key in keep:
            continue
        names = [published.name for published in published_parts(file.variant).get(part.key, ())]
        present = part_files(names, folders)
        if given := (frozen_files or {}).get(part.key):
            names, present = [given.name], [given]
        if names:
            digest, note = _leave_out(part, checkpoint, names, present)
            notes.append(note)
            if digest:
                left_out[part.key] = LeftOut(digest, tuple(names))
    digest = write_delta(
        destination,
        file.variant,
        checkpoint.tensors,
        checkpoint.unused,
        checkpoint.layout,
        left_out,
        {name: file.metadata[name] for name in _CARRIED if name in file.metadata},
    )
    digests = {key: part.digest for key, part in left_out.items()}
    return Conversion(file.variant.name, checkpoint.layout, digest, digests, tuple(notes))


def to_checkpoint(
    source: Path,
    destination: Path,
    variant: Variant | None = None,
    folders: Sequence[Path] = (),
    layout: Layout | None = None,
) -> Conversion:
    """Write a checkpoint that the authors' code reads: a torch file with every tensor under `model`.

    A training's optimiser state and command line are not in a delta, so they are not in it, either.

    Args:
        source: a delta, or any other file of the network.
        destination: the checkpoint; an older file is replaced in one step.
        variant: the network's; None takes the file's own.
        folders: weights folders, for the frozen parts.
        layout: how the tensors are named; None for the layout that the source's had.

    Raises:
        WeightsError: if the source, or a frozen part of it, cannot be used.
    """
    file = open_weights(source, variant)
    checkpoint = complete(file, layout_of_variant(file.variant), folders)
    check_finite(checkpoint.tensors, str(source))
    layout = layout or checkpoint.layout
    state = {name: _alone(tensor) for name, tensor in (checkpoint.tensors | checkpoint.unused).items()}
    model = authors_names(state, layout, file.variant.clip.surgery_blocks)
    with written_atomically(destination) as temporary:
        torch.save({"model": model}, temporary)
    notes = [] if checkpoint.unused else ["the source lacks the authors' unused tensors: load non-strictly"]
    digest = checkpoint.digest or parameter_digest(checkpoint.tensors)
    return Conversion(file.variant.name, layout, digest, notes=tuple(notes))


def _leave_out(
    part: Part, checkpoint: Checkpoint, names: Sequence[str], present: Sequence[Path]
) -> tuple[str | None, str]:
    """The digest of a part that can be left out, None for one that must stay; and why."""
    own = part.of(checkpoint.tensors)
    if any(tensor.dtype != torch.float32 for tensor in own.values()):
        return None, f"{part.title} is kept: it is not float32, and a frozen part comes back as that"
    digest = parameter_digest(own)
    if not present:
        return digest, (
            f"{part.title} is left out UNCHECKED, because {' or '.join(names)} is not at hand: the delta is "
            "of no use without a file of the same values, so keep the checkpoint until it has loaded once"
        )
    refused = []
    for path in present:
        published = _float32(read_part(path, part, checkpoint.tensors))
        if parameter_digest(published) == digest:
            return digest, f"{part.title} is left out: every value is that of {path}"
        refused.append(f"{path} ({compare(own, published)})")
    return None, f"{part.title} is kept: its values are not those of {' or '.join(refused)}"


def _alone(tensor: Tensor) -> Tensor:
    """The tensor without the rest of the memory that it is a view of, which torch would save along."""
    return tensor if tensor.untyped_storage().nbytes() == tensor.nbytes else tensor.clone()


def _float32(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.to(torch.float32) for name, tensor in state.items()}
