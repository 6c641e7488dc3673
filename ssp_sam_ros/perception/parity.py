"""Comparison with outputs recorded from the authors' released network (docs: parity)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ssp_sam_ros.network import SSPSAM, ImageFeatures, build_tokenizer, load_variant
from ssp_sam_ros.perception.geometry import clip_geometry
from ssp_sam_ros.perception.postprocess import logits_to_letterbox
from ssp_sam_ros.weights.golden import golden_case, golden_inputs, golden_tensor
from ssp_sam_ros.weights.initialisation import build_unfilled
from ssp_sam_ros.weights.strict import load_strictly

RELATIVE_BOUND = 2e-5
PIXEL_BOUND = 0.01


@dataclass(frozen=True)
class ParityReport:
    """How far this network is from the recorded one.

    Attributes:
        relative_error: per recorded output ||ours - recorded|| / ||recorded||; token ids count as 0 or inf.
        box_error_pixels: largest difference of a box coordinate, pixels of the picture.
    """

    relative_error: Mapping[str, float]
    box_error_pixels: float

    @property
    def failures(self) -> list[str]:
        """Names of outputs above the bound; NaN counts as above."""
        failed = [name for name, error in self.relative_error.items() if not error <= RELATIVE_BOUND]
        if not self.box_error_pixels <= PIXEL_BOUND and "boxes_xyxy_pixels" not in failed:
            failed.append("boxes_xyxy_pixels")
        return failed


def check_parity(reference: Path, variant: str, seed: int) -> ParityReport:
    """Rebuild weights and inputs of a fixture, run the network in float32 on the CPU and compare.

    Args:
        reference: folder with golden_<variant>_seed<seed>.npz.
        variant: "224" or "336".
        seed: the fixture's.

    Raises:
        FileNotFoundError: if the folder has no such fixture.
        KeyError: if the fixture lacks an output.
    """
    path = reference / f"golden_{variant}_seed{seed}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"no fixture {path}: give the folder that has it as the reference")
    network = golden_network(f"ssp_sam_{variant}", seed)
    outputs = recorded_outputs(network, seed)
    with np.load(path, allow_pickle=False) as recorded:
        errors = {name: relative_error(name, outputs[name], recorded[name]) for name in recorded.files}
        box_error = float(np.abs(outputs["boxes_xyxy_pixels"] - recorded["boxes_xyxy_pixels"]).max())
    return ParityReport(errors, box_error)


def golden_network(variant_name: str, seed: int) -> SSPSAM:
    """The network, without SAM's image encoder, with the fixtures' parameters."""
    network = build_unfilled(load_variant(variant_name), with_sam_image_encoder=False)
    state = {
        name: torch.from_numpy(golden_tensor(name, tensor.shape, seed))
        for name, tensor in network.state_dict().items()
    }
    load_strictly(network, state, f"the fixture's weights for seed {seed}")
    return network.eval()


@torch.inference_mode()
def recorded_outputs(network: SSPSAM, seed: int) -> dict[str, np.ndarray]:
    """Every output that the fixtures record, computed for two pictures with one expression each."""
    case, variant = golden_case(seed), network.variant
    tokenizer = build_tokenizer(variant)
    # The expressions are templated already; the tokenizer appends the "." itself.
    ids = np.stack([tokenizer(expression.removesuffix(".")).ids for expression in case.expressions])
    image, embedding = (torch.from_numpy(x) for x in golden_inputs(variant.clip_size, seed))

    visual = network.encode_clip_image(image)
    text = network.encode_text(torch.from_numpy(ids))
    prompts = network.prompt(visual, text)
    low_res, iou = network.decode(ImageFeatures(visual, embedding), prompts)
    geometry = clip_geometry(case.image_size, variant.clip_size)
    outputs = {
        "clip_image_features": visual[:, ::7],
        "sentence_embedding": text.sentence,
        "word_embedding": text.words[:, :12],
        "phrase_attention": prompts.phrase_attention,
        "prompts": prompts.sparse,
        "boxes_cxcywh": prompts.boxes[:, None],
        "low_res_logits": low_res,
        "iou_prediction": iou,
        "mask_logits_512_every_8th": logits_to_letterbox(low_res, variant.sam_size)[..., ::8, ::8],
    }
    arrays = {name: tensor.numpy() for name, tensor in outputs.items()}
    arrays["token_ids"] = ids
    arrays["boxes_xyxy_pixels"] = np.array(
        [geometry.box_to_image(tuple(box)) for box in prompts.boxes.double().tolist()]
    )
    return arrays


def relative_error(name: str, ours: np.ndarray, recorded: np.ndarray) -> float:
    """||ours - recorded|| / ||recorded||, inf where shapes differ; token ids must be equal."""
    if ours.shape != recorded.shape:
        return float("inf")
    if name == "token_ids":
        return 0.0 if np.array_equal(ours, recorded) else float("inf")
    difference = np.linalg.norm((ours.astype(np.float64) - recorded.astype(np.float64)).ravel())
    return float(difference / np.linalg.norm(recorded.astype(np.float64).ravel()))
