"""From a run to a weights file that the node loads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ssp_sam_ros.network import SSPSAM
from ssp_sam_ros.weights.delta import LeftOut, left_out_parts, write_delta
from ssp_sam_ros.weights.digest import parameter_digest
from ssp_sam_ros.weights.files import read_metadata
from ssp_sam_ros.weights.folders import find_file, weights_folders
from ssp_sam_ros.weights.names import Layout
from ssp_sam_ros.weights.parts import FROZEN, Part
from ssp_sam_ros.weights.published import published_parts
from ssp_sam_ros.weights.saving import save_network

from .checkpoints import best_weights, fill
from .config import Data
from .loop import Trainer
from .starting import PRETRAINED, SCRATCH, starting_network

_PARTS = {"clip": ("clip",), "sam": ("sam_image_encoder", "sam_prompt_encoder")}  # of weights, of a stage


def export_weights(trainer: Trainer) -> Path:
    """Write the best weights so far beside the checkpoint; returns the file's path.

    A network of which everything is trained is written whole, as fp16 safetensors. Where parts came frozen
    from a file, the rest is written as a delta, in float32: it needs that file, or the published one, beside
    it or in a weights folder.
    """
    tensors, which = best_weights(trainer)
    path = trainer.out / f"{trainer.variant.name}.safetensors"
    metadata = _metadata(trainer, which)
    net = _whole_network(trainer, tensors)
    left_out = _left_out(trainer, net.state_dict())
    if not left_out:
        save_network(path, net, metadata, half=not trainer.never)
    else:
        state = {name: tensor.cpu() for name, tensor in net.state_dict().items()}
        write_delta(path, net.variant, state, {}, Layout.BEFORE, left_out, metadata)
    return path


def _metadata(trainer: Trainer, which: str) -> dict[str, str]:
    config = trainer.config
    metadata = {
        "trained_minutes": f"{trainer.minutes:.1f}",
        "trained_sentences": str(trainer.sentences),
        "training_data": _training_data(config.data),
        "training_config_sha256": trainer.config_digest,
        "training_start": config.start,
        "training_weights": which,
        "seed": str(config.seed),
        "training_changes": "; ".join(trainer.history) or "none",
    }
    return metadata | ({"domain": config.domain} if config.domain else {})


def _training_data(data: Data) -> str:
    """Every set that was trained on: folder, dataset, split, and how many pictures if not all."""
    sets = [f"{Path(data.root).name}: {data.dataset}/{data.train_split}"]
    for more in data.more:
        count = f", {more.pictures} pictures" if more.pictures else ""
        sets.append(f"{Path(more.root).name}: {data.dataset}/{data.train_split}{count}")
    return "; ".join(sets)


def _whole_network(trainer: Trainer, tensors: Mapping[str, Tensor]) -> SSPSAM:
    """The network with its frozen parts, also those that a run with stored embeddings left behind."""
    net = trainer.average
    if trainer.sources.store is not None:
        net = starting_network(trainer.config, trainer.variant)
    fill(trainer, net, dict(tensors), trainer.out)
    return net


def _left_out(trainer: Trainer, state: Mapping[str, Tensor]) -> dict[str, LeftOut]:
    """The frozen parts that a file has, with the names of that file."""
    start = trainer.config.start
    if start == SCRATCH or start.split(":")[0] == "random":
        return {}
    parts = [part for part in FROZEN if set(_PARTS[part.key]) <= trainer.never]
    return {part.key: LeftOut(parameter_digest(part.of(state)), _files(trainer, part)) for part in parts}


def _files(trainer: Trainer, part: Part) -> tuple[str, ...]:
    """Names of files that hold a frozen part: where the run started, or what that was made from."""
    published = tuple(file.name for file in published_parts(trainer.variant).get(part.key, ()))
    start = trainer.config.start
    if start == PRETRAINED:
        return published
    path = Path(start) if Path(start).exists() else find_file(start, weights_folders())
    if path is not None and path.suffix == ".safetensors":
        held = left_out_parts(read_metadata(path), start).get(part.key)
        if held is not None:  # a delta itself
            return held.files
    return (Path(start).name, *published)
