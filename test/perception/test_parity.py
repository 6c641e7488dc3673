"""The network against recorded outputs of the authors' network."""

from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.perception.parity import ParityReport, check_parity, relative_error


@pytest.mark.parity
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("variant", ["224", "336"])
def test_every_recorded_output_is_within_the_bound(repository, variant, seed):
    report = check_parity(repository / "test" / "data" / "reference", variant, seed)
    assert len(report.relative_error) == 11
    assert report.failures == [], report


def test_a_missing_fixture_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="golden_224_seed7"):
        check_parity(tmp_path, "224", 7)


def test_relative_error():
    recorded = np.array([3.0, 4.0], np.float32)
    assert relative_error("x", recorded + np.float32(0.5), recorded) == pytest.approx(0.5 * 2**0.5 / 5)
    assert relative_error("x", recorded[None], recorded) == float("inf")
    assert relative_error("token_ids", np.array([1, 2]), np.array([1, 2])) == 0
    assert relative_error("token_ids", np.array([1, 2]), np.array([1, 3])) == float("inf")


def test_failures_name_what_is_above_the_bound():
    assert ParityReport({"a": 1e-5, "b": 2.1e-5, "c": float("nan")}, 0.0).failures == ["b", "c"]
    assert ParityReport({"boxes_xyxy_pixels": 1e-5}, 0.02).failures == ["boxes_xyxy_pixels"]
    assert ParityReport({"boxes_xyxy_pixels": 1e-5}, float("nan")).failures == ["boxes_xyxy_pixels"]
