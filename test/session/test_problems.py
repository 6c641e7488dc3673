from __future__ import annotations

import logging

import pytest

from ssp_sam_ros.session.diagnostics import Level, inference_status
from ssp_sam_ros.session.problems import Problems


def test_cameras_do_not_share_problems() -> None:
    problems = Problems()
    problems.report("inference", "left", "out of memory")
    problems.report("inference", "right", "bad picture")
    problems.solved("inference", "right")
    assert problems.present() == [(Level.ERROR, "left: out of memory")]


def test_logged_once_at_its_level(caplog: pytest.LogCaptureFixture) -> None:
    problems = Problems()
    for _ in range(3):
        problems.report("calibration", "", "not calibrated", level=Level.WARN)
    assert [(r.levelno, r.message) for r in caplog.records] == [(logging.WARNING, "not calibrated")]
    problems.solved("calibration", "")
    problems.report("calibration", "", "not calibrated", level=Level.WARN)
    assert len(caplog.records) == 2


def test_the_worst_level_is_the_status() -> None:
    problems = [(Level.WARN, "not calibrated"), (Level.ERROR, "out of memory"), (Level.WARN, "hm")]
    status = inference_status("ssp_sam", "double", 1, True, problems, {})
    assert (status.level, status.message) == (Level.ERROR, "not calibrated; out of memory; hm")
    assert inference_status("ssp_sam", "double", 1, True, problems[:1], {}).level is Level.WARN
