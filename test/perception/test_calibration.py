"""Calibrated no-target probabilities: what metadata may say, and what they change."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from ssp_sam_ros.perception.calibration import METADATA, NoTargetCalibration
from ssp_sam_ros.perception.outcome import NoTargetRule, judge, no_target_probability
from ssp_sam_ros.perception.result import Outcome

MASK = np.full((4, 4), 255, np.uint8)


def metadata(entry: object) -> dict[str, str]:
    return {METADATA: entry if isinstance(entry, str) else json.dumps(entry)}


def test_weights_without_an_entry_use_the_plain_sigmoid() -> None:
    assert NoTargetCalibration.of_metadata({"domain": "noise"}) == NoTargetCalibration(1.0, 0.0)
    for logit in (-3.0, 1e-20, 40.0):
        assert NoTargetCalibration().logit(logit) == logit


def test_an_entry_is_read() -> None:
    found = NoTargetCalibration.of_metadata(metadata({"scale": 0.5, "offset": -1, "method": "platt"}))
    assert found == NoTargetCalibration(0.5, -1.0)
    assert found.logit(4.0) == 1.0


@pytest.mark.parametrize(
    "entry",
    [
        "{",
        "[]",
        {"scale": 1},
        {"scale": "x", "offset": 0},
        {"scale": 0, "offset": 0},
        '{"scale": 1, "offset": NaN}',
    ],
)
def test_a_broken_entry_is_an_error_that_says_what_to_do(entry: object) -> None:
    with pytest.raises(ValueError, match=r"'no_target_calibration' cannot be used .* calibrate them again"):
        NoTargetCalibration.of_metadata(metadata(entry))


def test_it_replaces_the_sigmoid_not_the_rule() -> None:
    # One logit, two readings of it: p_nt is 0.27 by the sigmoid, 0.62 by one with an offset.
    plain = judge(MASK, 1.0, 0.9, NoTargetRule())
    calibrated = judge(MASK, 1.0, 0.9, NoTargetRule(calibration=NoTargetCalibration(1.0, -1.5)))
    assert plain.outcome is Outcome.FOUND
    assert plain.no_target_probability == pytest.approx(1 / (1 + math.e))
    assert calibrated.outcome is Outcome.NO_TARGET
    assert calibrated.no_target_probability == pytest.approx(1 / (1 + math.exp(-0.5)))
    # The threshold still decides.
    lenient = NoTargetRule(threshold=0.7, calibration=NoTargetCalibration(1.0, -1.5))
    assert judge(MASK, 1.0, 0.9, lenient).outcome is Outcome.FOUND


def test_a_scale_alone_decides_as_before_at_one_half() -> None:
    for logit in (-50.0, -0.1, 0.0, 1e-300, 0.1, 50.0):
        for scale in (0.01, 100.0):
            calibrated = no_target_probability(NoTargetCalibration(scale, 0.0).logit(logit))
            assert (calibrated >= 0.5) == (no_target_probability(logit) >= 0.5)
    assert no_target_probability(NoTargetCalibration(0.5, 1.0).logit(-math.inf)) == 1.0
