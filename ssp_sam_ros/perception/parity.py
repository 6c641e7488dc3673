"""Comparison with outputs recorded from the authors' released network, in every arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ssp_sam_ros.network import SSPSAM, ImageFeatures, build_tokenizer, load_variant
from ssp_sam_ros.perception.geometry import clip_geometry
from ssp_sam_ros.perception.postprocess import logits_to_letterbox
from ssp_sam_ros.perception.precision import arithmetic, choose_device, choose_precision, store_products
from ssp_sam_ros.weights.golden import golden_case, golden_inputs, golden_tensor
from ssp_sam_ros.weights.initialisation import build_unfilled
from ssp_sam_ros.weights.strict import load_strictly

OUTPUTS = frozenset(
    {
        "token_ids",
        "clip_image_features",
        "sentence_embedding",
        "word_embedding",
        "phrase_attention",
        "prompts",
        "boxes_cxcywh",
        "boxes_xyxy_pixels",
        "low_res_logits",
        "iou_prediction",
        "mask_logits_512_every_8th",
    }
)
"""What every fixture records."""


@dataclass(frozen=True)
class Bounds:
    """How far an arithmetic may be from the recorded float32.

    Attributes:
        relative: largest relative error of an output.
        pixels: largest error of a box coordinate, pixels of the picture.
        mask_iou: smallest intersection over union with the recorded mask.
    """

    relative: float
    pixels: float
    mask_iou: float


BOUNDS = {
    "float32": Bounds(2e-5, 0.01, 0.999),
    "bfloat16": Bounds(1e-1, 5.0, 0.95),
    "float16": Bounds(0.02, 1.0, 0.99),
}
"""float32 is held to equality but for rounding, the others to some times what they were measured to cost."""


@dataclass(frozen=True)
class ParityReport:
    """How far this network is from the recorded one.

    Attributes:
        relative_error: per recorded output ||ours - recorded|| / ||recorded||; token ids count as 0 or inf.
        box_error_pixels: largest difference of a box coordinate, pixels of the picture.
        mask_iou: per picture, intersection over union of our mask and the recorded one, both in the
            512 x 512 letterbox.
        dtype: the arithmetic ours ran in.
    """

    relative_error: Mapping[str, float]
    box_error_pixels: float
    mask_iou: tuple[float, ...]
    dtype: str = "float32"

    @property
    def bounds(self) -> Bounds:
        """What the errors are held to."""
        return BOUNDS[self.dtype]

    @property
    def failures(self) -> list[str]:
        """Names of outputs beyond the bounds; NaN counts as beyond."""
        bounds = self.bounds
        failed = [name for name, error in self.relative_error.items() if not error <= bounds.relative]
        if not self.box_error_pixels <= bounds.pixels and "boxes_xyxy_pixels" not in failed:
            failed.append("boxes_xyxy_pixels")
        if not all(iou >= bounds.mask_iou for iou in self.mask_iou):
            failed.append("mask_iou")
        return failed


def check_parity(
    reference: Path, variant: str, seed: int, dtype: str = "float32", device: str = "cpu"
) -> ParityReport:
    """Rebuild weights and inputs of a fixture, run the network as a segmenter would, and compare.

    The fixtures start behind SAM's image encoder, so that encoder has no part in the errors.

    Args:
        reference: folder with golden_<variant>_seed<seed>.npz.
        variant: "224" or "336".
        seed: the fixture's.
        dtype: "float32", "bfloat16", "float16", or "auto".
        device: "cpu", "cuda", "cuda:N", or "auto".

    Raises:
        FileNotFoundError: if the folder has no such fixture.
        ValueError: for a fixture that does not record exactly `OUTPUTS`, or a dtype or device that does not
            exist.
    """
    recorded = _read_fixture(reference / f"golden_{variant}_seed{seed}.npz")
    chosen = choose_device(device)
    precision = choose_precision(dtype, chosen)
    network = golden_network(f"ssp_sam_{variant}", seed).to(chosen)
    store_products(network, precision)
    outputs = recorded_outputs(network, seed, precision)
    errors = {name: relative_error(name, outputs[name], recorded[name]) for name in recorded}
    box_error = float(np.abs(outputs["boxes_xyxy_pixels"] - recorded["boxes_xyxy_pixels"]).max())
    sam_size = network.variant.sam_size
    ious = mask_iou(*(_mask(x["low_res_logits"], sam_size) for x in (outputs, recorded)))
    return ParityReport(errors, box_error, ious, str(precision).removeprefix("torch."))


def _read_fixture(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise FileNotFoundError(f"no fixture {path}: give the folder that has it as the reference")
    with np.load(path, allow_pickle=False) as file:
        names = set(file.files)
        if names != OUTPUTS:
            differences = [("lacks", OUTPUTS - names), ("has besides", names - OUTPUTS)]
            what = "; ".join(f"{verb} {', '.join(sorted(some))}" for verb, some in differences if some)
            raise ValueError(f"{path} is no fixture of this network: it {what}")
        return {name: file[name] for name in file.files}


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
def recorded_outputs(
    network: SSPSAM, seed: int, precision: torch.dtype = torch.float32
) -> dict[str, np.ndarray]:
    """Every output that the fixtures record, computed for two pictures with one expression each."""
    case, variant, device = golden_case(seed), network.variant, network.device
    tokenizer = build_tokenizer(variant)
    # The expressions are templated already; the tokenizer appends the "." itself.
    ids = np.stack([tokenizer(expression.removesuffix(".")).ids for expression in case.expressions])
    image, embedding = (torch.from_numpy(x).to(device) for x in golden_inputs(variant.clip_size, seed))
    with arithmetic(device, precision):
        visual = network.encode_clip_image(image)
        text = network.encode_text(torch.from_numpy(ids).to(device))
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
    arrays = {name: tensor.float().cpu().numpy() for name, tensor in outputs.items()}
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


def mask_iou(ours: Tensor, recorded: Tensor) -> tuple[float, ...]:
    """Intersection over union of masks, bool (N, 1, H, W), per row; two empty masks agree."""
    together = (ours & recorded).flatten(1).sum(1)
    either = (ours | recorded).flatten(1).sum(1)
    return tuple(torch.where(either > 0, together / either.clamp(min=1), 1.0).tolist())


def _mask(low_res: np.ndarray, sam_size: tuple[int, int]) -> Tensor:
    return logits_to_letterbox(torch.from_numpy(low_res), sam_size) > 0
