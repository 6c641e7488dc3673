"""Time per sample, measured as the paper's Table VII: batch 1, single samples, warm-up discarded."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ssp_sam_ros.network.tokenizer import Tokenizer
from ssp_sam_ros.perception.expressions import read_expression
from ssp_sam_ros.perception.segmenter import Segmenter

from ..data import Dataset, Sample

WARM_UP, SAMPLES, RUNS = 50, 20, 5  # the paper's


@dataclass(frozen=True)
class Latency:
    """Milliseconds from picture and one sentence in memory to the mask at the picture's size.

    Attributes:
        stages: mean by name: "image_encoding" (preprocessing included), "prompt", "decode", "total".
        deviation: standard deviation of the total over all measurements.
        samples, runs, warm_up: how many different samples, how often each, how many discarded before.
        device: what computed.
    """

    stages: dict[str, float]
    deviation: float
    samples: int
    runs: int
    warm_up: int
    device: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def measure_latency(
    segmenter: Segmenter,
    tokenizer: Tokenizer,
    dataset: Dataset,
    *,
    warm_up: int = WARM_UP,
    samples: int = SAMPLES,
    runs: int = RUNS,
    seed: int = 0,
) -> Latency:
    """Measure on random sentences of a split; reading picture files is not in it, nothing is cached.

    Caches are emptied before each measurement.

    Raises:
        ValueError: the model can read no sentence, or a count is below what can be measured.
    """
    if len(dataset) == 0 or samples < 1 or runs < 1 or warm_up < 0:
        raise ValueError("latency wants a split with samples, at least one sample and one run")
    rng = np.random.default_rng(seed)
    pairs = _answered(tokenizer, dataset, samples, rng)
    for number in range(warm_up):
        _once(segmenter, *pairs[number % len(pairs)])
    measured = [_once(segmenter, *pair) for _ in range(runs) for pair in pairs]
    totals = [times["total"] for times in measured]
    return Latency(
        stages={name: float(np.mean([times[name] for times in measured])) for name in measured[0]},
        deviation=float(np.std(totals)),
        samples=len(pairs),
        runs=runs,
        warm_up=warm_up,
        device=device_name(segmenter.device),
    )


def device_name(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def _answered(
    tokenizer: Tokenizer, dataset: Dataset, count: int, rng: np.random.Generator
) -> list[tuple[np.ndarray, str]]:
    """Random pictures with a sentence that the model answers: a refusal takes no time."""
    pairs: list[tuple[np.ndarray, str]] = []
    for index in rng.permutation(len(dataset)):
        sample = dataset[int(index)]
        sentence = _sentence(sample, rng)
        if not read_expression(sentence, tokenizer).refusal:
            pairs.append((sample.image(), sentence))
        if len(pairs) == count:
            break
    if not pairs:
        raise ValueError(f"{dataset.name} {dataset.split} has no sentence that the model can read")
    return pairs


def _sentence(sample: Sample, rng: np.random.Generator) -> str:
    texts: Sequence[str] = [sentence.text for sentence in sample.sentences]
    return texts[int(rng.integers(len(texts)))]


def _once(segmenter: Segmenter, image: np.ndarray, sentence: str) -> dict[str, float]:
    segmenter.clear_caches()
    begun = time.perf_counter()
    frame = segmenter.encode(image)
    (result,) = segmenter.refer(frame, [sentence])
    total = 1e3 * (time.perf_counter() - begun)
    times = result.times
    return {
        "image_encoding": times.image_encoding,
        "prompt": times.prompt,
        "decode": times.decode,
        "total": total,
    }
