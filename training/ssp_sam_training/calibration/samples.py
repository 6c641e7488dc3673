"""What a calibration is fitted to: the logits and truths of an evaluation's ``samples.jsonl``."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.perception.calibration import NoTargetCalibration

from ..evaluation.records import RecordError, SampleRecord, read_records

_LARGEST_LOGIT = 40.0  # 1 - sigmoid of it is 4e-18, and below that a probability of 1 says nothing more


@dataclass(frozen=True)
class CalibrationSamples:
    """One entry per sentence that was answered.

    Attributes:
        logit: (n,) the k-th largest logit, before any calibration, within +-40.
        absent: (n,) whether the sentence has no target.
        picture: (n,) number of its picture; sentences of one are not independent.
        failed: how many sentences had no answer and are left out.
        weights, weights_digest: what answered, as the evaluation describes it.
        dataset: set and split.
        calibration: the one in use when it answered.
        threshold: the no-target threshold then.
    """

    logit: NDArray[np.float64]
    absent: NDArray[np.bool_]
    picture: NDArray[np.int64]
    failed: int
    weights: str
    weights_digest: str
    dataset: str
    calibration: NoTargetCalibration
    threshold: float

    def probability(self, calibration: NoTargetCalibration) -> NDArray[np.float64]:
        """(n,) p_nt under a calibration."""
        return no_target_probability(calibration.scale * self.logit + calibration.offset)


def read_samples(folder: Path) -> CalibrationSamples:
    """Read what ``evaluate.py --out`` wrote for a model.

    Raises:
        FileNotFoundError: results.json or samples.jsonl is not in the folder.
        RecordError: they are not what evaluate.py writes for a model, or hold no answer.
    """
    results = _results(folder / "results.json")
    description = results["description"]
    if "weights_digest" not in description:
        raise RecordError(
            f"{folder} is an evaluation of a file of predictions: weights are what is calibrated"
        )
    applied = description.get("no_target_calibration") or {"scale": 1.0, "offset": 0.0}
    calibration = NoTargetCalibration(applied["scale"], applied["offset"])
    records = read_records(folder / "samples.jsonl")
    answered = [record for record in records if not math.isnan(record.no_target_probability)]
    if not answered:
        raise RecordError(f"{folder / 'samples.jsonl'} holds no answered sentence: nothing to calibrate with")
    return CalibrationSamples(
        logit=_logits(answered, calibration),
        absent=np.array([record.gres.truth_empty for record in answered]),
        picture=np.unique([str(record.image_id) for record in answered], return_inverse=True)[1],
        failed=len(records) - len(answered),
        weights=description["weights"],
        weights_digest=description["weights_digest"],
        dataset=f"{results['dataset']} {results['split']}",
        calibration=calibration,
        threshold=description["no_target_threshold"],
    )


def no_target_probability(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 - sigmoid, for any size of logit."""
    small = np.exp(-np.abs(logit))
    return np.where(logit > 0, small, 1.0) / (1.0 + small)


def _logits(records: Sequence[SampleRecord], calibration: NoTargetCalibration) -> NDArray[np.float64]:
    """The way back from the probabilities in the records."""
    probability = np.array([record.no_target_probability for record in records])
    with np.errstate(divide="ignore"):
        calibrated = np.log1p(-probability) - np.log(probability)
    return np.clip((calibrated - calibration.offset) / calibration.scale, -_LARGEST_LOGIT, _LARGEST_LOGIT)


def _results(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run training/evaluate.py with --out {path.parent}")
    try:
        results: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return {name: results[name] for name in ("description", "dataset", "split")}
    except (ValueError, LookupError, TypeError) as error:
        raise RecordError(f"{path} is not what evaluate.py writes ({error}): run it again") from error
