"""The shipped `Segmenter` as a predictor: scored is what users get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ssp_sam_ros.network import SSPSAM, build_tokenizer
from ssp_sam_ros.perception.inference import EncodedPicture, Inference
from ssp_sam_ros.perception.precision import arithmetic, choose_device, choose_precision
from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.perception.segmenter import Segmenter
from ssp_sam_ros.weights import WeightsInfo, load_network

from ..metrics import letterbox_prediction
from .predictor import Prediction


class SegmenterPredictor:
    """Asks a `Segmenter`, with its caches off: in an evaluation every picture comes once."""

    def __init__(self, network: SSPSAM, weights: WeightsInfo, dtype: str | torch.dtype = "auto") -> None:
        """Wrap a network that is on its device, in evaluation mode. Raises ValueError as `Segmenter` does."""
        self.segmenter = Segmenter(network, weights, dtype, image_cache_bytes=0)
        self._inference = Inference(network, self.segmenter.dtype)
        self._tokenizer = build_tokenizer(network.variant)

    @classmethod
    def load(
        cls, variant: str | Path, weights: str | Path | None, device: str = "auto", dtype: str = "auto"
    ) -> SegmenterPredictor:
        """Load as `Segmenter.load` does; arguments and errors are the same."""
        chosen = choose_device(device)
        precision = choose_precision(dtype, chosen)  # before the loading, which takes longer
        network, info = load_network(variant, weights, chosen)
        return cls(network, info, precision)

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
        """Masks in the space of protocol A by sentence; those of a `Result` are in the picture's."""
        distinct, inference = list(dict.fromkeys(sentences)), self._inference
        masks: dict[str, NDArray[np.bool_]] = {}
        for start in range(0, len(distinct), picture.largest_batch):
            batch = distinct[start : start + picture.largest_batch]
            ids = np.stack([self._tokenizer(sentence).ids for sentence in batch])
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
