"""One way to a network with parameters in it, wherever they come from."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ssp_sam_ros.network import SSPSAM, Variant, load_variant
from ssp_sam_ros.weights.checkpoint import WeightsFile, complete, open_weights
from ssp_sam_ros.weights.comparison import compare
from ssp_sam_ros.weights.digest import parameter_digest
from ssp_sam_ros.weights.errors import WeightsError
from ssp_sam_ros.weights.folders import find_file, weights_folders
from ssp_sam_ros.weights.initialisation import build_unfilled, fill_randomly
from ssp_sam_ros.weights.parts import CLIP, fill_pretrained, part_files, read_part
from ssp_sam_ros.weights.published import published_parts
from ssp_sam_ros.weights.strict import load_strictly

ASSETS = Path(__file__).resolve().parent.parent / "assets"
RANDOM, PRETRAINED = "random", "pretrained"
NETWORK_ENDINGS = (".safetensors", ".pth")
"""In a weights folder, a variant's weights are called after it, with one of these endings; best first."""

log = logging.getLogger("ssp_sam")


@dataclass(frozen=True)
class WeightsInfo:
    """What is known about loaded parameters.

    Attributes:
        digest: SHA-256 of the parameters (`parameter_digest`).
        domain: the only kind of pictures they are good for ("simulated tabletop"), "" for any.
        source: the file they came from, "random:SEED" or "pretrained".
        metadata: the file's own text entries.
        is_random: whether anything is untrained, so that answers mean nothing; `source` cannot tell, a file
            may be called anything.
    """

    digest: str
    domain: str
    source: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_random: bool = False


def shipped_weights(variant_name: str) -> Path:
    """Where the package keeps the weights of a variant, if it has them."""
    return ASSETS / f"{variant_name}.safetensors"


def network_weights(variant_name: str, folders: Sequence[Path]) -> Path | None:
    """The weights of a variant that are taken unless told otherwise: shipped, or in a weights folder."""
    shipped = shipped_weights(variant_name)
    if shipped.is_file():
        return shipped
    found = (find_file(variant_name + ending, folders) for ending in NETWORK_ENDINGS)
    return next((path for path in found if path is not None), None)


def load_network(
    variant: str | Path | Variant = "ssp_sam_tiny",
    weights: str | Path | None = None,
    device: str | torch.device = "cpu",
    folders: Sequence[Path] | None = None,
) -> tuple[SSPSAM, WeightsInfo]:
    """The network of `variant` with parameters, float32, in evaluation mode.

    Args:
        variant: its name, the path of its JSON file, or the variant itself.
        weights: None for the file shipped with the package, else the variant's file in a weights folder;
            "random" (or "random:SEED") for random values; "pretrained" for CLIP and SAM as published, and
            random values in all else; otherwise a file of this package, whole or a delta, or a checkpoint of
            the authors' code: its path, or its name in a weights folder. A file of this package holds its
            variant, and that one is built: sizes and vocabulary belong to the weights.
        device: where the parameters go.
        folders: weights folders; None for the usual ones (`weights_folders`).

    Where OpenAI's CLIP lies in a weights folder, the CLIP inside an authors' checkpoint is compared with it,
    and what differs is logged as a warning; the checkpoint's own is used.

    Raises:
        WeightsError: one line saying what is wrong with the weights and what to do.
        VariantError: if there is no such variant.
    """
    if not isinstance(variant, Variant):
        variant = load_variant(variant)
    folders = weights_folders() if folders is None else folders
    asked = weights.split(":")[0] if isinstance(weights, str) and not Path(weights).exists() else None
    if asked == RANDOM:
        network, info = _random(variant, str(weights))
    elif asked == PRETRAINED:
        network, info = _pretrained(variant, folders)
    else:
        network, info = _from_file(variant, _path(variant, weights, folders), folders)
    return network.eval().to(device), info


def _path(variant: Variant, weights: str | Path | None, folders: Sequence[Path]) -> Path:
    if weights is None:
        found = network_weights(variant.name, folders)
        if found is None:
            raise WeightsError(
                f"no weights are shipped for {variant.name}: give the path of its checkpoint as weights, "
                f"or see `ssp-sam weights --variant {variant.name}` for which file goes where, "
                "or 'random' to try everything but the answers"
            )
        return found
    path = Path(weights).expanduser()
    if path.exists():
        return path
    bare = path.name == str(weights)
    found = find_file(path.name, folders) if bare else None
    if found is None:
        places = f", nor is it in {' or '.join(map(str, folders))}" if bare and folders else ""
        raise WeightsError(
            f"weights file {path} does not exist{places}: "
            f"`ssp-sam weights --variant {variant.name}` says which file goes where"
        )
    return found


def _random(variant: Variant, weights: str) -> tuple[SSPSAM, WeightsInfo]:
    seed = weights.partition(":")[2] or "0"
    if not seed.isdecimal():
        raise WeightsError(f"weights '{weights}': the seed after 'random:' is a whole number")
    network = build_unfilled(variant)
    fill_randomly(network, int(seed))
    digest = parameter_digest(network.state_dict())
    return network, WeightsInfo(digest, domain="", source=f"{RANDOM}:{seed}", is_random=True)


def _pretrained(variant: Variant, folders: Sequence[Path]) -> tuple[SSPSAM, WeightsInfo]:
    network = build_unfilled(variant)
    fill_randomly(network, seed=0)
    fill_pretrained(network, folders)
    digest = parameter_digest(network.state_dict())
    return network, WeightsInfo(digest, domain="", source=PRETRAINED, is_random=True)


def _from_file(variant: Variant, path: Path, folders: Sequence[Path]) -> tuple[SSPSAM, WeightsInfo]:
    file = open_weights(path, variant)
    network = build_unfilled(file.variant)
    checkpoint = complete(file, network.state_dict(), folders)
    load_strictly(network, checkpoint.tensors, str(path))
    if not file.ours:
        _compare_clip(file, checkpoint.tensors, folders)
    digest = checkpoint.digest if checkpoint.parts else None  # each part of a delta was held to its digest
    if digest is None:
        digest = parameter_digest(network.state_dict())
        if checkpoint.digest not in (None, digest):
            raise WeightsError(f"{path} is damaged: its parameters do not give the digest it carries")
    metadata = file.metadata
    return network, WeightsInfo(digest, metadata.get("domain", ""), str(path), metadata)


def _compare_clip(file: WeightsFile, tensors: Mapping[str, Tensor], folders: Sequence[Path]) -> None:
    """Log whether a checkpoint's CLIP is OpenAI's: the authors' own test script takes OpenAI's instead."""
    names = [published.name for published in published_parts(file.variant).get(CLIP.key, ())]
    for openai in part_files(names, folders)[:1]:
        try:
            result = compare(CLIP.of(tensors), read_part(openai, CLIP, tensors))
        except WeightsError as error:  # nothing needs that file
            log.warning("CLIP inside %s is not compared with OpenAI's: %s", file.path, error)
            continue
        level = logging.INFO if result.agrees else logging.WARNING
        log.log(level, "CLIP inside %s against %s: %s", file.path, openai, result)
