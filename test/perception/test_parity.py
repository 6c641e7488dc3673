"""The network against recorded outputs of the authors' network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ssp_sam_ros.perception.parity import OUTPUTS, ParityReport, check_parity, mask_iou, relative_error


@pytest.mark.parity
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("variant", ["224", "336"])
def test_every_recorded_output_is_within_the_bound(repository, variant, seed):
    report = check_parity(repository / "test" / "data" / "reference", variant, seed)
    assert set(report.relative_error) == OUTPUTS and len(report.mask_iou) == 2
    assert report.failures == [], report


@pytest.mark.parity
@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_cost_of_half_precision_is_within_its_bound(repository, dtype):
    report = check_parity(repository / "test" / "data" / "reference", "224", 1, dtype)
    assert report.dtype == dtype
    assert report.failures == [], report
    assert report.relative_error["prompts"] > 1e-4, "the arithmetic asked for was not used"


def test_a_missing_fixture_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="golden_224_seed7"):
        check_parity(tmp_path, "224", 7)


@pytest.mark.parametrize(
    ("lacking", "more", "text"),
    [
        ({"prompts", "iou_prediction"}, set(), "it lacks iou_prediction, prompts$"),
        (set(), {"boxes"}, "it has besides boxes$"),
        ({"prompts"}, {"prompt"}, "it lacks prompts; has besides prompt$"),
    ],
)
def test_a_fixture_of_something_else_does_not_pass(tmp_path, lacking, more, text):
    names = OUTPUTS - lacking | more
    np.savez(tmp_path / "golden_224_seed1.npz", **{name: np.zeros(1) for name in names})
    with pytest.raises(ValueError, match=text):
        check_parity(tmp_path, "224", 1)


def test_an_arithmetic_that_does_not_exist_is_named_before_the_work(repository):
    with pytest.raises(ValueError, match="float8"):
        check_parity(repository / "test" / "data" / "reference", "224", 1, "float8")


def test_relative_error():
    recorded = np.array([3.0, 4.0], np.float32)
    assert relative_error("x", recorded + np.float32(0.5), recorded) == pytest.approx(0.5 * 2**0.5 / 5)
    assert relative_error("x", recorded[None], recorded) == float("inf")
    assert relative_error("token_ids", np.array([1, 2]), np.array([1, 2])) == 0
    assert relative_error("token_ids", np.array([1, 2]), np.array([1, 3])) == float("inf")


def test_mask_iou():
    ours = torch.tensor([[True, True, False, False], [False] * 4, [True] * 4]).view(3, 1, 2, 2)
    recorded = torch.tensor([[False, True, True, False], [False] * 4, [False] * 4]).view(3, 1, 2, 2)
    assert mask_iou(ours, recorded) == (pytest.approx(1 / 3), 1.0, 0.0)


def test_failures_name_what_is_beyond_the_bound():
    same = (1.0, 1.0)
    assert ParityReport({"a": 1e-5, "b": 2.1e-5, "c": float("nan")}, 0.0, same).failures == ["b", "c"]
    assert ParityReport({"boxes_xyxy_pixels": 1e-5}, 0.02, same).failures == ["boxes_xyxy_pixels"]
    assert ParityReport({"boxes_xyxy_pixels": 1e-5}, float("nan"), same).failures == ["boxes_xyxy_pixels"]
    assert ParityReport({"a": 1e-3}, 0.5, same, "float16").failures == []
    assert ParityReport({"a": 1e-5}, 0.0, (1.0, 0.9), "bfloat16").failures == ["mask_iou"]
    assert ParityReport({"a": 1e-5}, 5.1, same, "bfloat16").failures == ["boxes_xyxy_pixels"]
    assert ParityReport({"a": 1e-5}, 0.0, (float("nan"), 1.0)).failures == ["mask_iou"]
