"""From a file to all tensors of a network, whatever form the file has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from ssp_sam_ros.network import Variant, load_variant
from ssp_sam_ros.weights.delta import FORMAT, check_contents, find_part, left_out_parts
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.files import read_tensors
from ssp_sam_ros.weights.foreign_names import network_names
from ssp_sam_ros.weights.names import UNUSED_PREFIXES, Layout, layout_of
from ssp_sam_ros.weights.parts import FROZEN, fitting_variants
from ssp_sam_ros.weights.strict import check_layout


@dataclass(frozen=True)
class WeightsFile:
    """What a file says by itself.

    Attributes:
        path: the file.
        variant: the one it holds, or else the one that was asked for.
        state: its tensors under its own names, perhaps mapped into memory.
        metadata: its text entries; those of torch's files are empty.
    """

    path: Path
    variant: Variant
    state: Mapping[str, Tensor]
    metadata: Mapping[str, str]

    @property
    def ours(self) -> bool:
        """Whether this package wrote it."""
        return "variant_json" in self.metadata


@dataclass(frozen=True)
class Checkpoint:
    """All tensors of a network.

    Attributes:
        tensors: under the network's names, as stored.
        unused: tensors of the authors' files that their network never uses.
        layout: how the authors' code would name the tensors.
        digest: parameter digest of the network, if the file carries one.
        parts: for a delta, the file that each part came from; its values are those the delta was made with.
    """

    tensors: dict[str, Tensor]
    unused: dict[str, Tensor]
    layout: Layout
    digest: str | None = None
    parts: Mapping[str, Path] = field(default_factory=dict)


def open_weights(path: Path, variant: Variant | None) -> WeightsFile:
    """Read a file and find out which variant it holds.

    Args:
        path: safetensors of this package, or a checkpoint of the authors' code.
        variant: the one that is wanted; None takes what the file says, or what its tensors fit.

    Raises:
        WeightsError: if the file cannot be used, or holds another variant than the one that is wanted.
    """
    state, metadata = read_tensors(path)
    if "variant_json" in metadata:
        variant = _own_variant(variant, metadata, path)
    elif variant is None:
        variant = _fitting_variant(state, path)
    return WeightsFile(path, variant, state, metadata)


def complete(file: WeightsFile, wanted: Mapping[str, Tensor], folders: Sequence[Path]) -> Checkpoint:
    """All tensors of the network: the file's own, and for a delta the frozen parts that it leaves out.

    Args:
        file: from `open_weights`.
        wanted: the network's tensors, for names and shapes.
        folders: where frozen parts may lie, besides the file's own folder.

    Raises:
        WeightsError: naming what is missing, unknown or misshapen.
    """
    source = str(file.path)
    left_out = left_out_parts(file.metadata, source)
    tensors = network_names(file.state, wanted, source)
    parts = {}
    if left_out:
        check_contents(file.state, file.metadata, source)
        places = (file.path.absolute().parent, *folders)
        for part in FROZEN:
            if part.key in left_out:
                found, path = find_part(part, left_out[part.key], file.variant, wanted, places)
                tensors |= found
                parts[part.key] = path
    _check(file, tensors, wanted)
    unused = {name: tensor for name, tensor in file.state.items() if name.startswith(UNUSED_PREFIXES)}
    return Checkpoint(tensors, unused, _layout(file), file.metadata.get("digest"), parts)


def _own_variant(wanted: Variant | None, metadata: Mapping[str, str], path: Path) -> Variant:
    if metadata.get("format", FORMAT) != FORMAT:
        raise WeightsError(
            f"{path} has format '{metadata['format']}', this version reads '{FORMAT}': update the package"
        )
    own = Variant.from_json(metadata["variant_json"], str(path))
    if wanted is not None and own.name != wanted.name:
        raise WeightsError(
            f"{path} holds weights of variant {own.name}, not of {wanted.name}: load it as {own.name}"
        )
    return own


def _fitting_variant(state: Mapping[str, Tensor], path: Path) -> Variant:
    names = fitting_variants(network_names(state, (), str(path)))
    if not names:
        raise WeightsError(f"{path} fits no variant of this package: give its variant's JSON file")
    if len(names) > 1:
        raise WeightsError(f"{path} fits variants {' and '.join(names)}: say which one it is")
    return load_variant(names[0])


def _check(file: WeightsFile, tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    source = str(file.path)
    held = [part.title for part in FROZEN if part.of(tensors)]
    if held and all(name.startswith(("encoder.", "sam.")) for name in tensors):
        raise WeightsError(
            f"{source} holds {' and '.join(held)}, a frozen part of {file.variant.name}, not its weights: "
            "keep it in a weights folder, and give a checkpoint or 'pretrained' as weights"
        )
    try:
        check_layout(wanted, tensors, source)
    except WeightsError as error:
        if others := fitting_variants(tensors):
            raise WeightsError(
                f"{source} holds weights of variant {others[0]}, not of {file.variant.name}: "
                f"load it as {others[0]}"
            ) from error
        raise


def _layout(file: WeightsFile) -> Layout:
    said = file.metadata.get("layout")
    if said is None:
        return layout_of(file.state, str(file.path))
    try:
        return Layout(said)
    except ValueError as error:
        raise WeightsError(f"{file.path} is damaged: its entry 'layout' is '{said}'") from error
