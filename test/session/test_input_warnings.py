from __future__ import annotations

import logging

import pytest

from ssp_sam_ros.session.diagnostics import Level, Status
from ssp_sam_ros.session.input_warnings import InputWarnings


def test_each_complaint_is_logged_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ssp_sam")
    warnings = InputWarnings()
    silent = Status("ssp_sam: input", Level.WARN, "no publisher")
    other = Status("ssp_sam: input right", Level.WARN, "no publisher there")
    well = Status("ssp_sam: input", Level.OK, "pictures arrive")
    for statuses in ([well], [silent, other], [silent, other], [well, other], [silent]):
        warnings.heed([*statuses, Status("ssp_sam: inference", Level.ERROR, "not about an input")])
    assert [(r.levelname, r.message) for r in caplog.records] == [
        ("WARNING", "no publisher"),
        ("WARNING", "no publisher there"),
        ("INFO", "pictures arrive"),
        ("WARNING", "no publisher"),
    ]
