"""The shipped `Segmenter` as a predictor: scored is what users get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ssp_sam_ros.network import build_tokenizer
from ssp_sam_ros.perception.inference import EncodedPicture
from ssp_sam_ros.perception.precision import arithmetic
from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.perception.segmenter import Segmenter

from ..metrics import letterbox_prediction
from .predictor import Prediction


class SegmenterPredictor:
    """Asks a `Segmenter`, by preference one that caches no pictures: in an evaluation each comes once."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self._inference = segmenter.inference
        self.tokenizer = build_tokenizer(segmenter.variant)

    @classmethod
    def load(
        cls, variant: str | Path, weights: str | Path | None, device: str = "auto", dtype: str = "auto"
    ) -> SegmenterPredictor:
        """Ask `Segmenter.load`; arguments and errors are the same."""
        return cls(Segmenter.load(variant, weights, device, dtype, image_cache_bytes=0))

    @property
    def description(self) -> dict[str, Any]:
        """What is evaluated, as plain data."""
        segmenter = self.segmenter
        return {
            "model": segmenter.model_name,
            "weights": segmenter.weights_source,
            "weights_digest": segmenter.weights_digest,
            "domain": segmenter.domain,
            "device": str(segmenter.device),
            "dtype": str(segmenter.dtype).removeprefix("torch."),
            "no_target_threshold": segmenter.no_target_threshold,
            "no_target_min_pixels": segmenter.no_target_min_pixels,
            "no_target_calibration": asdict(segmenter.no_target_calibration),
        }

    @property
    def letterbox_input(self) -> tuple[int, int]:
        """(height, width) of the network's SAM input."""
        height, width = self.segmenter.variant.sam_size
        return height, width

    def predict(
        self, image: NDArray[np.uint8], sentences: Sequence[str], letterbox: bool
    ) -> list[Prediction]:
        """One prediction per sentence; see `Predictor`."""
        frame = self.segmenter.encode(image)
        with _raw_masks(self.segmenter) as threshold:
            results = self.segmenter.refer(frame, sentences)
        answered = [result.expression for result in results if result.outcome is not Outcome.FAILED]
        masks = self._letterbox_masks(frame.picture, answered) if letterbox else {}
        return [_prediction(result, threshold, masks.get(result.expression)) for result in results]

    @torch.inference_mode()
    def _letterbox_masks(
        self, picture: EncodedPicture, sentences: Sequence[str]
    ) -> dict[str, NDArray[np.bool_]]:
        """Masks in the space of protocol `paper` by sentence; those of a `Result` are in the picture's."""
        distinct, inference = list(dict.fromkeys(sentences)), self._inference
        masks: dict[str, NDArray[np.bool_]] = {}
        for start in range(0, len(distinct), picture.largest_batch):
            batch = distinct[start : start + picture.largest_batch]
            ids = np.stack([self.tokenizer(sentence).ids for sentence in batch])
            prompts = inference.prompt(picture, inference.encode_text(ids))
            with arithmetic(inference.device, inference.precision):
                low_res, _ = inference.network.decode(picture.features, prompts)
            masks |= zip(
                batch, letterbox_prediction(low_res, self.letterbox_input).cpu().numpy(), strict=True
            )
        return masks


@contextmanager
def _raw_masks(segmenter: Segmenter) -> Iterator[float]:
    """Let every mask pass that is not empty, and yield the threshold that would have held some back.

    Where the model denies a target the protocol's union counts the raw mask, which NO_TARGET results lack.
    """
    threshold = segmenter.no_target_threshold
    segmenter.no_target_threshold = 1.0
    try:
        yield threshold
    finally:
        segmenter.no_target_threshold = threshold


def _prediction(result: Result, threshold: float, letterbox_mask: NDArray[np.bool_] | None) -> Prediction:
    if result.mask is None:
        return Prediction(str(result.outcome), None, result.reason)
    outcome = Outcome.NO_TARGET if result.no_target_probability >= threshold else result.outcome
    return Prediction(
        outcome=str(outcome),
        mask=result.mask > 0,
        score=result.score if outcome is Outcome.FOUND else float("nan"),
        no_target_probability=result.no_target_probability,
        network_box=result.network_box,
        letterbox_mask=letterbox_mask,
    )
