"""One way to a network with parameters in it, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ssp_sam_ros.network import SSPSAM, Variant, load_variant
from ssp_sam_ros.weights.digest import parameter_digest
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.files import read_tensors
from ssp_sam_ros.weights.initialisation import build_unfilled, fill_randomly
from ssp_sam_ros.weights.names import canonical_names
from ssp_sam_ros.weights.strict import load_strictly

ASSETS = Path(__file__).resolve().parent.parent / "assets"
FORMAT = "ssp_sam_ros/1"
RANDOM = "random"


@dataclass(frozen=True)
class WeightsInfo:
    """What is known about loaded parameters.

    Attributes:
        digest: SHA-256 of the parameters (`parameter_digest`).
        domain: the only kind of pictures they are good for ("simulated tabletop"), "" for any.
        source: the file they came from, or "random:SEED".
        metadata: the file's own text entries.
        is_random: whether nothing was ever trained; `source` cannot tell, a file may be called anything.
    """

    digest: str
    domain: str
    source: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_random: bool = False


def shipped_weights(variant_name: str) -> Path:
    """Where the package keeps the weights of a variant, if it has them."""
    return ASSETS / f"{variant_name}.safetensors"


def load_network(
    variant: str | Path | Variant = "ssp_sam_tiny",
    weights: str | Path | None = None,
    device: str | torch.device = "cpu",
) -> tuple[SSPSAM, WeightsInfo]:
    """The network of `variant` with parameters, float32, in evaluation mode.

    Args:
        variant: its name, the path of its JSON file, or the variant itself.
        weights: None for the file shipped with the package; "random" (or "random:SEED") for random values;
            else the path of this package's safetensors or of a checkpoint of the authors' code. A file of
            this package holds its variant, and that one is built: sizes and vocabulary belong to the weights.
        device: where the parameters go.

    Raises:
        WeightsError: one line saying what is wrong with the weights and what to do.
        VariantError: if there is no such variant.
    """
    if not isinstance(variant, Variant):
        variant = load_variant(variant)
    if weights is None:
        weights = shipped_weights(variant.name)
        if not weights.is_file():
            raise WeightsError(
                f"no weights are shipped for {variant.name}: give the path of its checkpoint as weights "
                "(the authors publish theirs on Hugging Face as wayneicloud/SSP-SAM), "
                "or 'random' to try everything but the answers"
            )
    if isinstance(weights, str) and weights.split(":")[0] == RANDOM and not Path(weights).exists():
        network, info = _random(variant, weights)
    else:
        network, info = _from_file(variant, Path(weights))
    return network.eval().to(device), info


def _random(variant: Variant, weights: str) -> tuple[SSPSAM, WeightsInfo]:
    seed = weights.partition(":")[2] or "0"
    if not seed.isdecimal():
        raise WeightsError(f"weights '{weights}': the seed after 'random:' is a whole number")
    network = build_unfilled(variant)
    fill_randomly(network, int(seed))
    digest = parameter_digest(network.state_dict())
    return network, WeightsInfo(digest, domain="", source=f"{RANDOM}:{seed}", is_random=True)


def _from_file(variant: Variant, path: Path) -> tuple[SSPSAM, WeightsInfo]:
    state, metadata = read_tensors(path)
    if "variant_json" in metadata:
        variant = _variant_of_file(variant, metadata, path)
    network = build_unfilled(variant)
    load_strictly(network, canonical_names(state, str(path)), str(path))
    del state
    digest = parameter_digest(network.state_dict())
    if metadata.get("digest", digest) != digest:
        raise WeightsError(f"{path} is damaged: its parameters do not give the digest it carries")
    return network, WeightsInfo(digest, metadata.get("domain", ""), str(path), metadata)


def _variant_of_file(variant: Variant, metadata: Mapping[str, str], path: Path) -> Variant:
    if metadata.get("format", FORMAT) != FORMAT:
        raise WeightsError(
            f"{path} has format '{metadata['format']}', this version reads '{FORMAT}': update the package"
        )
    own = Variant.from_json(metadata["variant_json"], str(path))
    if own.name != variant.name:
        raise WeightsError(
            f"{path} holds weights of variant {own.name}, not of {variant.name}: load it as {own.name}"
        )
    return own
