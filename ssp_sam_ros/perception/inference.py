"""The network's stages on one picture, from arrays to verdicts: no caches, no clocks, no ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ssp_sam_ros.network import SSPSAM, ImageFeatures, Prompts, TextFeatures
from ssp_sam_ros.perception.acceleration import accelerate
from ssp_sam_ros.perception.geometry import Geometry
from ssp_sam_ros.perception.outcome import (
    NOT_FINITE,
    NoTargetRule,
    Verdict,
    finite_rows,
    judge,
    kth_largest,
    mean_probability,
    no_target_pixels,
)
from ssp_sam_ros.perception.postprocess import logits_to_image
from ssp_sam_ros.perception.precision import arithmetic
from ssp_sam_ros.perception.preprocessing import clip_input, sam_input

_LARGEST_BATCH = 16
_LARGEST_BATCH_PIXELS = 2**25  # full-size logits of one batch: 128 MiB in float32


@dataclass(frozen=True)
class EncodedPicture:
    """What the image encoders made of a picture, and where it lay in their inputs."""

    features: ImageFeatures
    clip: Geometry
    sam: Geometry

    @property
    def nbytes(self) -> int:
        """Bytes of the features."""
        return self.features.nbytes

    @property
    def largest_batch(self) -> int:
        """How many expressions to decode together, so that their logits stay within bounds."""
        pixels = max(height * width for height, width in (self.sam.image_size, self.sam.input_size))
        return max(1, min(_LARGEST_BATCH, _LARGEST_BATCH_PIXELS // pixels))


class Inference:
    """A network on its device, run in one arithmetic (float32, or bfloat16 or float16 as autocast)."""

    def __init__(self, network: SSPSAM, precision: torch.dtype, acceleration: str = "none") -> None:
        """Raises ValueError for an acceleration that is unknown or not possible on the network's device."""
        self.network = network
        self.precision = precision
        self.device = network.device
        self._stages = accelerate(network, acceleration)

    @torch.inference_mode()
    def encode_picture(self, image: np.ndarray) -> EncodedPicture:
        """Preprocessing and image encoders over a picture, uint8 RGB (H, W, 3)."""
        variant = self.network.variant
        sam, sam_place = sam_input(image, variant.sam_size, variant.sam_mean, variant.sam_std)
        clip, clip_place = None, sam_place  # a shared trunk reads SAM's picture alone
        if not variant.shared_trunk:
            clip, clip_place = clip_input(image, variant.clip_size, variant.clip_mean, variant.clip_std)
            clip = clip.to(self.device)
        with arithmetic(self.device, self.precision):
            features = self._stages.encode_image(clip, sam.to(self.device))
        return EncodedPicture(features, clip_place, sam_place)

    @torch.inference_mode()
    def encode_text(self, ids: np.ndarray) -> TextFeatures:
        """CLIP's text tower over token ids, int64 (N, context)."""
        with arithmetic(self.device, self.precision):
            return self._stages.encode_text(torch.from_numpy(ids).to(self.device))

    @torch.inference_mode()
    def prompt(self, picture: EncodedPicture, text: TextFeatures) -> Prompts:
        """Prompts for N expressions on one picture."""
        with arithmetic(self.device, self.precision):
            return self._stages.prompt(picture.features.visual, text)

    @torch.inference_mode()
    def decode(self, picture: EncodedPicture, prompts: Prompts, rule: NoTargetRule) -> list[Verdict]:
        """Masks of N prompts in one batch, resized to the picture and judged."""
        with arithmetic(self.device, self.precision):
            low_res, _ = self._stages.decode(picture.features, prompts)
        logits = logits_to_image(low_res, picture.sam)
        kth = kth_largest(logits, no_target_pixels(picture.sam.image_size, rule.min_pixels))
        # Together, because each copy from the device waits for it.
        numbers = torch.stack([finite_rows(low_res, prompts.boxes), kth, mean_probability(logits)], dim=1)
        masks = (logits > 0).to(torch.uint8).mul_(255).cpu().numpy()
        return [
            judge(mask, kth_logit, score, rule) if finite else NOT_FINITE
            for mask, (finite, kth_logit, score) in zip(masks, numbers.tolist(), strict=True)
        ]

    def synchronise(self) -> None:
        """Wait for the device, so that a clock read next counts what was asked of it."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
