"""The parts of the network that stay frozen in the published training, and files that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from ssp_sam_ros.network import SSPSAM, Variant, load_variant, variant_names
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.files import read_tensors
from ssp_sam_ros.weights.folders import find_file
from ssp_sam_ros.weights.foreign_names import network_names
from ssp_sam_ros.weights.initialisation import build_unfilled
from ssp_sam_ros.weights.published import published_checkpoint, published_parts
from ssp_sam_ros.weights.strict import check_layout


@dataclass(frozen=True)
class Part:
    """A frozen part: its key, what people call it, and the prefixes of its tensors."""

    key: str
    title: str
    prefixes: tuple[str, ...]

    def of(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of this part, under the network's names."""
        return {name: tensor for name, tensor in state.items() if name.startswith(self.prefixes)}


CLIP = Part("clip", "CLIP", ("encoder.",))
SAM = Part("sam", "SAM's image and prompt encoder", ("sam.image_encoder.", "sam.prompt_encoder."))
FROZEN = (CLIP, SAM)
"""All else is trained, SAM's mask decoder included."""


def layout_of_variant(variant: Variant) -> dict[str, Tensor]:
    """Names and shapes of the network's tensors, on no memory."""
    with torch.device("meta"):
        return dict(build_unfilled(variant).state_dict())


def fitting_variants(state: Mapping[str, Tensor]) -> list[str]:
    """Names of the package's variants whose tensors these are, by name and shape."""
    shapes = _shapes(state)
    return [name for name in variant_names() if _shapes_of_variant(name) == shapes]


@cache
def _shapes_of_variant(name: str) -> dict[str, tuple[int, ...]]:
    return _shapes(layout_of_variant(load_variant(name)))


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def read_part(path: Path, part: Part, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A frozen part out of a file of SAM, of CLIP, or of the whole network.

    Args:
        path: the file.
        part: which part.
        wanted: the network's tensors, for names and shapes (`layout_of_variant`).

    Returns:
        The part's tensors under the network's names, as stored: of any floating-point type, perhaps mapped.

    Raises:
        WeightsError: if the file cannot be used, holds no such part or one of another size.
    """
    found = part.of(network_names(read_tensors(path)[0], wanted, str(path)))
    if not found:
        raise WeightsError(f"{path} does not hold {part.title}")
    check_layout(part.of(wanted), found, str(path))
    return found


def part_file_names(variant: Variant, part: Part, further: Iterable[str] = ()) -> list[str]:
    """What files with this part of the variant may be called in a weights folder, best first."""
    names = [file.name for file in published_parts(variant).get(part.key, ())]
    checkpoint = published_checkpoint(variant.name)
    return list(dict.fromkeys([*names, *further, *([checkpoint.name] if checkpoint else [])]))


def part_files(names: Iterable[str], folders: Sequence[Path]) -> list[Path]:
    """Those of the named files that are in the folders."""
    return [path for name in names if (path := find_file(name, folders)) is not None]


def fill_pretrained(network: SSPSAM, folders: Sequence[Path]) -> dict[str, Path]:
    """Give a network CLIP and SAM as they were published, SAM's mask decoder included: training starts there.

    All other tensors stay as they are.

    Returns:
        The file of each part.

    Raises:
        WeightsError: if a file is missing or cannot be used.
    """
    wanted = network.state_dict()
    used = {}
    for part, prefix in ((CLIP, "encoder."), (SAM, "sam.")):
        names = [file.name for file in published_parts(network.variant).get(part.key, ())]
        present = part_files(names, folders)
        if not present:
            raise WeightsError(missing_part(network.variant, part, names, folders))
        whole = Part(part.key, part.title, (prefix,))
        source = read_part(present[0], whole, wanted)
        with torch.no_grad():
            for name, tensor in source.items():
                wanted[name].copy_(tensor)
        used[part.key] = present[0]
    return used


def missing_part(variant: Variant, part: Part, names: Sequence[str], folders: Sequence[Path]) -> str:
    """What to say when no file has a part."""
    if not names:
        return f"no published file holds {part.title} of variant {variant.name}"
    places = ", ".join(map(str, folders))
    return (
        f"{part.title} of {variant.name} is needed: none of {', '.join(names)} is in {places}; "
        f"see `ssp-sam weights --variant {variant.name}`"
    )
