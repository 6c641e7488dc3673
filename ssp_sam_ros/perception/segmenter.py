"""The perception core: pictures and referring expressions in, results out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ssp_sam_ros.network import SSPSAM, TextFeatures, Variant, build_tokenizer
from ssp_sam_ros.perception.allocator import keep_freed_memory
from ssp_sam_ros.perception.answering import Answer, Answering
from ssp_sam_ros.perception.caches import ByteBoundedCache, CacheStats
from ssp_sam_ros.perception.calibration import NoTargetCalibration
from ssp_sam_ros.perception.encoding import Encoding
from ssp_sam_ros.perception.expressions import read_expression
from ssp_sam_ros.perception.frame import Frame
from ssp_sam_ros.perception.inference import EncodedPicture, Inference
from ssp_sam_ros.perception.outcome import NOT_FINITE, NoTargetRule
from ssp_sam_ros.perception.precision import choose_device, choose_precision, prepare
from ssp_sam_ros.perception.report import report
from ssp_sam_ros.perception.result import ABOUT_MODEL, Outcome, Result
from ssp_sam_ros.perception.weights_warning import weights_warning
from ssp_sam_ros.weights import WeightsInfo, load_network
from ssp_sam_ros.weights.folders import weights_folders

MIB = 2**20

log = logging.getLogger("ssp_sam")


class Segmenter:
    """A loaded network with its preprocessing, caches and outcome rule.

    Picture features are cached by identity (the caller's key, else the bytes), text features by sentence,
    both bounded in bytes. Where memory runs out, the caches are emptied before a second attempt. Calls from
    several threads take turns.

        segmenter = Segmenter.load()
        frame = segmenter.encode(image)
        for result in segmenter.refer(frame, ["the red mug", "all green objects"]):
            print(result.outcome, result.box)
    """

    def __init__(
        self,
        network: SSPSAM,
        weights: WeightsInfo,
        dtype: str | torch.dtype = "auto",
        image_cache_bytes: int = 256 * MIB,
        text_cache_bytes: int = 16 * MIB,
        acceleration: str = "none",
    ) -> None:
        """Wrap a network that is on its device already, in evaluation mode.

        Raises:
            ValueError: if it is in training mode, or dtype, acceleration or the weights' calibration cannot
                be used.
        """
        if network.training:
            raise ValueError("the network is in training mode: call its eval() first")
        self._weights = weights
        warning = weights_warning(weights)
        self._warnings = (f"{ABOUT_MODEL}{warning}",) if warning else ()
        self._inference = Inference(network, choose_precision(dtype, network.device), acceleration)
        self._tokenizer = build_tokenizer(network.variant, weights_folders())
        self._pictures: ByteBoundedCache[EncodedPicture] = ByteBoundedCache(image_cache_bytes)
        self._texts: ByteBoundedCache[TextFeatures] = ByteBoundedCache(text_cache_bytes)
        self._encoding = Encoding(self._inference, self._pictures, self._make_room)
        self._answering = Answering(self._inference, self._texts, self._make_room)
        self._rule = NoTargetRule(calibration=NoTargetCalibration.of_metadata(weights.metadata))
        self._turn = threading.RLock()

    @classmethod
    def load(
        cls,
        variant: str | Path | Variant = "ssp_sam_tiny",
        weights: str | Path | None = None,
        device: str | torch.device = "auto",
        dtype: str | torch.dtype = "auto",
        image_cache_bytes: int = 256 * MIB,
        text_cache_bytes: int = 16 * MIB,
        acceleration: str = "none",
    ) -> Segmenter:
        """Load a network and wrap it; the log is told of weights that are random or for one kind of pictures.

        On a CPU the process keeps memory that it frees from then on, see `allocator.keep_freed_memory`.

        Args:
            variant: name, path of a variant's JSON, or the variant.
            weights: None for the shipped file, "random", or a path; see `ssp_sam_ros.weights.load_network`.
            device: "auto" (CUDA where there is one), "cpu", "cuda", "cuda:N".
            dtype: "auto" (bfloat16 autocast where the device has it in hardware), "float32", "bfloat16",
                "float16".
            image_cache_bytes, text_cache_bytes: bounds of the two caches; 0 keeps nothing.
            acceleration: "none", "compile" or "cuda_graphs"; see `ssp_sam_ros.perception.acceleration`.

        Raises:
            ValueError: in one line, for weights, variants, devices or types that cannot be used.
        """
        chosen = choose_device(device)
        precision = choose_precision(dtype, chosen)  # before the loading, which takes longer
        if chosen.type == "cpu":
            keep_freed_memory()
        network, info = load_network(variant, weights, chosen)
        if warning := weights_warning(info):
            log.warning("%s", warning)
        prepare(network, precision)
        return cls(network, info, precision, image_cache_bytes, text_cache_bytes, acceleration)

    @property
    def variant(self) -> Variant:
        """Every size of the network."""
        return self._inference.network.variant

    @property
    def model_name(self) -> str:
        """The variant's name."""
        return self.variant.name

    @property
    def weights_digest(self) -> str:
        """SHA-256 of the parameters."""
        return self._weights.digest

    @property
    def weights_source(self) -> str:
        """The file the parameters came from, or "random:SEED"."""
        return self._weights.source

    @property
    def domain(self) -> str:
        """The only kind of pictures the weights are good for, "" if any."""
        return self._weights.domain

    @property
    def inference(self) -> Inference:
        """The network's stages, for those who need their tensors; without caches and not thread-safe."""
        return self._inference

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return self._inference.device

    @property
    def dtype(self) -> torch.dtype:
        """The arithmetic it runs in: float32, or bfloat16 (autocast)."""
        return self._inference.precision

    @property
    def no_target_threshold(self) -> float:
        """A target is taken to be absent from this no-target probability on; 0..1."""
        return self._rule.threshold

    @no_target_threshold.setter
    def no_target_threshold(self, value: float) -> None:
        self._rule = replace(self._rule, threshold=value)

    @property
    def no_target_min_pixels(self) -> float:
        """Pixels a target must cover, at the scale of a picture whose long side is 512."""
        return self._rule.min_pixels

    @no_target_min_pixels.setter
    def no_target_min_pixels(self, value: float) -> None:
        self._rule = replace(self._rule, min_pixels=value)

    @property
    def no_target_calibration(self) -> NoTargetCalibration:
        """How logits become no-target probabilities: as the weights say, or as set."""
        return self._rule.calibration

    @no_target_calibration.setter
    def no_target_calibration(self, value: NoTargetCalibration) -> None:
        self._rule = replace(self._rule, calibration=value)

    @property
    def prefers_batches(self) -> bool:
        """Whether several pictures at once are quicker than one after the other: on a GPU."""
        return self.device.type == "cuda"

    def encode(self, image: np.ndarray, key: Hashable | None = None) -> Frame:
        """Run the image encoders on a picture, or find what they made of it.

        Args:
            image: uint8 RGB (H, W, 3); grey, RGBA, uint16 and floating-point are converted (`as_rgb`).
            key: what identifies the picture, such as camera and stamp; its bytes if None.

        Raises:
            ValueError: if the array is no picture.
            OutOfMemoryError: if the device's memory does not suffice, even with the caches emptied.
        """
        return self.encode_batch([image], [key])[0]

    def encode_batch(
        self, images: Sequence[np.ndarray], keys: Sequence[Hashable | None] | None = None
    ) -> list[Frame]:
        """The same for several pictures, of whatever sizes: the encoders see those not known as one batch.

        Each frame's `encoding_ms` is what all of them took together. Args and raises as `encode`, with
        ValueError also if there is not one key for each picture; one wrong picture fails all of them.
        """
        with self._turn:
            return self._encoding.frames(images, keys)

    def refer(
        self, frame: Frame, expressions: Sequence[str], ids: Sequence[str] | None = None
    ) -> list[Result]:
        """Answer expressions on a picture, all in one batch (many or on a large picture: in bounded ones).

        Args:
            frame: from `encode` of this segmenter.
            expressions: any number; what reads the same is computed once.
            ids: one per expression, handed through to the results.

        Returns:
            One result per expression, in order. What is wrong with a single expression, or with what the
            network made of it (values that are not finite, memory that does not suffice for it even alone),
            makes its own result FAILED, with the reason, and leaves the others alone.

        Raises:
            TypeError: if `expressions` is a single string, or one of them is not text.
            ValueError: if `ids` has another length.
        """
        return self.refer_batch([frame], expressions, ids)[0]

    def refer_batch(
        self, frames: Sequence[Frame], expressions: Sequence[str], ids: Sequence[str] | None = None
    ) -> list[list[Result]]:
        """The same expressions on each of several pictures, all together in one batch.

        Args and raises as `refer`; returns a list as that does for each of the frames.
        """
        if isinstance(expressions, str):
            raise TypeError("expressions is one string: give a list of them")
        ids = [""] * len(expressions) if ids is None else ids
        if len(ids) != len(expressions):
            raise ValueError(f"{len(ids)} ids for {len(expressions)} expressions: give one for each")
        readings = [read_expression(expression, self._tokenizer) for expression in expressions]
        asked = {reading.key: reading for reading in readings if not reading.refusal}
        pictures = [frame.picture for frame in frames]
        with self._turn:
            answers, clock = self._answering.answer(pictures, list(asked.values()), self._rule)
            found = [dict(zip(asked, each, strict=True)) for each in answers]
            for frame, by_key in zip(frames, found, strict=True):
                self._forget_spoilt(frame, by_key)
        blank = Result(
            expression="",
            expression_id="",
            outcome=Outcome.FAILED,
            model=self.model_name,
            weights_digest=self.weights_digest,
            warnings=self._warnings,
        )
        questions = list(zip(expressions, ids, readings, strict=True))
        return [
            [
                report(replace(blank, expression=text, expression_id=name), reading, frame, by_key, clock)
                for text, name, reading in questions
            ]
            for frame, by_key in zip(frames, found, strict=True)
        ]

    def warm_up(self, image_size: tuple[int, int] = (480, 640)) -> None:
        """Run the whole path twice, so that the first real picture is not slow; the caches stay as they are.

        Args:
            image_size: (height, width) of the pictures to come.
        """
        words = self.variant.vocabulary
        ids = self._tokenizer(words[0] if words else "object").ids[None]
        image = np.full((*image_size, 3), 127, np.uint8)
        with self._turn:
            for _ in range(2):
                picture = self._inference.encode_picture(image)
                prompts = self._inference.prompt(picture, self._inference.encode_text(ids))
                self._inference.decode(picture, prompts, self._rule)

    def clear_caches(self) -> None:
        """Forget all pictures and sentences."""
        self._pictures.clear()
        self._texts.clear()

    def cache_stats(self) -> dict[str, CacheStats]:
        """Counters of the caches, "pictures" and "texts"."""
        return {"pictures": self._pictures.stats(), "texts": self._texts.stats()}

    def _make_room(self) -> None:
        """Give back what can be: the caches, and what torch keeps for later."""
        self.clear_caches()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _forget_spoilt(self, frame: Frame, found: dict[bytes, Answer]) -> None:
        """Whatever took part in values that are not finite is computed anew the next time it is asked for."""
        for key, answer in found.items():
            if answer.verdict is NOT_FINITE:
                self._pictures.drop(frame.identity)
                self._texts.drop(key)
