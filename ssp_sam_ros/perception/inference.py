"""The network's stages on pictures, from arrays to verdicts: no caches, no clocks, no ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from ssp_sam_ros.network import SSPSAM, ImageFeatures, Prompts, TextFeatures
from ssp_sam_ros.perception.acceleration import accelerate
from ssp_sam_ros.perception.geometry import Geometry, Size
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


Pictures = EncodedPicture | Sequence[EncodedPicture]
"""One picture for all rows of a batch, or one for each row."""


class Inference:
    """A network on its device, run in one arithmetic (float32, or bfloat16 or float16 as autocast)."""

    def __init__(self, network: SSPSAM, precision: torch.dtype, acceleration: str = "none") -> None:
        """Raises ValueError for an acceleration that is unknown or not possible on the network's device."""
        self.network = network
        self.precision = precision
        self.device = network.device
        self._stages = accelerate(network, acceleration)

    def encode_picture(self, image: np.ndarray) -> EncodedPicture:
        """Preprocessing and image encoders over a picture, uint8 RGB (H, W, 3)."""
        return self.encode_pictures([image])[0]

    @torch.inference_mode()
    def encode_pictures(self, images: Sequence[np.ndarray]) -> list[EncodedPicture]:
        """The same over several pictures of whatever sizes in one batch: all fill inputs of one size."""
        variant = self.network.variant
        sam, places = _inputs(sam_input, images, variant.sam_size, variant.sam_mean, variant.sam_std)
        clip, clip_places = None, places  # a shared trunk reads SAM's picture alone
        if not variant.shared_trunk:
            clip, clip_places = _inputs(
                clip_input, images, variant.clip_size, variant.clip_mean, variant.clip_std
            )
            clip = clip.to(self.device)
        with arithmetic(self.device, self.precision):
            features = self._stages.encode_image(clip, sam.to(self.device))
        return [
            EncodedPicture(row, *place)
            for row, *place in zip(_rows(features), clip_places, places, strict=True)
        ]

    @torch.inference_mode()
    def encode_text(self, ids: np.ndarray) -> TextFeatures:
        """All that needs no picture, over token ids, int64 (N, context)."""
        with arithmetic(self.device, self.precision):
            text = self._stages.encode_text(torch.from_numpy(ids).to(self.device))
            return self.network.adapt_text(text)

    @torch.inference_mode()
    def prompt(self, pictures: Pictures, text: TextFeatures) -> Prompts:
        """Prompts for N expressions on one picture, or on one picture each."""
        with arithmetic(self.device, self.precision):
            return self._stages.prompt(_features(pictures).visual, text)

    @torch.inference_mode()
    def decode(self, pictures: Pictures, prompts: Prompts, rule: NoTargetRule) -> list[Verdict]:
        """Masks of N prompts in one batch, resized to their pictures and judged; pictures as for `prompt`."""
        with arithmetic(self.device, self.precision):
            low_res, _ = self._stages.decode(_features(pictures), prompts)
        if isinstance(pictures, EncodedPicture):
            return _verdicts(low_res, prompts.boxes, pictures.sam, rule)
        verdicts: list[Verdict] = []
        for place, run in groupby(pictures, key=lambda picture: picture.sam):
            rows = slice(len(verdicts), len(verdicts) + len(list(run)))
            verdicts += _verdicts(low_res[rows], prompts.boxes[rows], place, rule)
        return verdicts

    def synchronise(self) -> None:
        """Wait for the device, so that a clock read next counts what was asked of it."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _inputs(
    make: Callable[[np.ndarray, Size, Sequence[float], Sequence[float]], tuple[Tensor, Geometry]],
    images: Sequence[np.ndarray],
    size: Size,
    mean: Sequence[float],
    std: Sequence[float],
) -> tuple[Tensor, list[Geometry]]:
    """A network's input for several pictures, and where each lies in it."""
    tensors, places = zip(*(make(image, size, mean, std) for image in images), strict=True)
    return tensors[0] if len(tensors) == 1 else torch.cat(tensors), list(places)


def _features(pictures: Pictures) -> ImageFeatures:
    """Of one picture for all rows, or of one for each."""
    if isinstance(pictures, EncodedPicture):
        return pictures.features
    each = [picture.features for picture in pictures]
    return ImageFeatures(
        torch.cat([features.visual for features in each]),
        torch.cat([features.embedding for features in each]),
        tuple(map(torch.cat, zip(*(features.high_res for features in each), strict=True))),
    )


def _rows(features: ImageFeatures) -> list[ImageFeatures]:
    """Those of each picture, with memory of their own: a view kept in a cache would keep the whole batch."""
    if len(features) == 1:
        return [features]
    rows = [features.rows(slice(i, i + 1)) for i in range(len(features))]
    return [
        ImageFeatures(row.visual.clone(), row.embedding.clone(), tuple(m.clone() for m in row.high_res))
        for row in rows
    ]


def _verdicts(low_res: Tensor, boxes: Tensor, place: Geometry, rule: NoTargetRule) -> list[Verdict]:
    """What N masks on pictures of one size mean."""
    logits = logits_to_image(low_res, place)
    kth = kth_largest(logits, no_target_pixels(place.image_size, rule.min_pixels))
    # Together, because each copy from the device waits for it.
    numbers = torch.stack([finite_rows(low_res, boxes), kth, mean_probability(logits)], dim=1)
    masks = (logits > 0).to(torch.uint8).mul_(255).cpu().numpy()
    return [
        judge(mask, kth_logit, score, rule) if finite else NOT_FINITE
        for mask, (finite, kth_logit, score) in zip(masks, numbers.tolist(), strict=True)
    ]
