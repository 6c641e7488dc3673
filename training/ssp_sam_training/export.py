"""From a finished run to a weights file that the node loads."""

from __future__ import annotations

from pathlib import Path

from ssp_sam_ros.weights.saving import save_network

from .loop import Trainer


def export_weights(trainer: Trainer) -> Path:
    """Write the averaged network as fp16 safetensors beside the checkpoint; returns the file's path."""
    path = trainer.out / f"{trainer.variant.name}.safetensors"
    metadata = {
        "trained_minutes": f"{trainer.minutes:.1f}",
        "trained_sentences": str(trainer.sentences),
        "training_data": f"{trainer.config.data.dataset}/{trainer.config.data.train_split}",
        "training_config_sha256": trainer.config_digest,
        "seed": str(trainer.config.seed),
        "training_changes": "; ".join(trainer.history) or "none",
    }
    if trainer.config.domain:
        metadata["domain"] = trainer.config.domain
    save_network(path, trainer.average, metadata, half=True)
    return path
