"""The shipped `Segmenter` as a predictor: scored is what users get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ssp_sam_ros.perception.outcome import is_no_target
from ssp_sam_ros.perception.precision import arithmetic, choose_device, choose_precision
from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.perception.segmenter import Frame, Segmenter
from ssp_sam_ros.weights import load_network

from ..metrics import letterbox_prediction
from .predictor import Prediction

_BATCH = 16  # expressions whose letterbox masks are made together


class SegmenterPredictor:
    """Asks a `Segmenter`; its settings (no-target threshold and pixels) are those it has when it is asked."""

    def __init__(self, segmenter: EvaluationSegmenter) -> None:
        self._segmenter = segmenter

    @classmethod
    def load(
        cls, variant: str | Path, weights: str | Path | None, device: str = "auto", dtype: str = "auto"
    ) -> SegmenterPredictor:
        """Load weights as `Segmenter.load` does. Raises ValueError or OSError as that."""
        chosen = choose_device(device)
        choose_precision(dtype, chosen)  # before minutes of loading
        network, info = load_network(variant, weights, chosen)
        # Every picture comes once: its features are not worth keeping.
        return cls(EvaluationSegmenter(network, info, dtype, image_cache_bytes=0))

    @property
    def description(self) -> dict[str, Any]:
        """What is evaluated, as plain data."""
        segmenter = self._segmenter
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
        height, width = self._segmenter.variant.sam_size
        return height, width

    def predict(
        self, image: NDArray[np.uint8], sentences: Sequence[str], letterbox: bool
    ) -> list[Prediction]:
        """One prediction per sentence; see `Predictor`."""
        segmenter = self._segmenter
        frame = segmenter.encode(image)
        with _raw_masks(segmenter) as threshold:
            results = segmenter.refer(frame, sentences)
        answered = [result.expression for result in results if result.outcome is not Outcome.FAILED]
        masks = segmenter.letterbox_masks(frame, answered) if letterbox else {}
        return [_prediction(result, threshold, masks.get(result.expression)) for result in results]


class EvaluationSegmenter(Segmenter):
    """A `Segmenter` that also gives masks in the space of protocol A."""

    @torch.inference_mode()
    def letterbox_masks(self, frame: Frame, sentences: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
        """Masks of the 512 letterbox by sentence (`metrics.letterbox_prediction`), all of known words."""
        encodings = {sentence: self._tokenizer(sentence) for sentence in sentences}
        distinct = {encoding.ids.tobytes(): encoding for encoding in encodings.values()}
        masks: dict[bytes, NDArray[np.bool_]] = {}
        keys = list(distinct)
        with self._turn:
            for start in range(0, len(keys), _BATCH):
                batch = keys[start : start + _BATCH]
                prompts = self._prompt(frame._encoded, self._text_features([distinct[key] for key in batch]))
                with arithmetic(self.device, self.dtype):
                    low_res, _ = self._network.decode(frame._encoded.features, prompts)
                batch_masks = letterbox_prediction(low_res, self.variant.sam_size).cpu().numpy()
                masks |= zip(batch, batch_masks, strict=True)
        return {sentence: masks[encoding.ids.tobytes()] for sentence, encoding in encodings.items()}


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
    outcome = result.outcome
    if is_no_target(result.no_target_probability, threshold):
        outcome = Outcome.NO_TARGET
    return Prediction(
        outcome=str(outcome),
        mask=result.mask > 0,
        score=result.score if outcome is Outcome.FOUND else float("nan"),
        no_target_probability=result.no_target_probability,
        network_box=result.network_box,
        letterbox_mask=letterbox_mask,
    )
