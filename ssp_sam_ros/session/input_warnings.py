"""The log's part of the diagnostics: what is wrong with an input, said once."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ssp_sam_ros.session.diagnostics import Level, Status

log = logging.getLogger("ssp_sam")


class InputWarnings:
    """Logs what is wrong with an input when it begins or changes, and that it is well again."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def heed(self, statuses: Sequence[Status]) -> None:
        """Take the latest statuses."""
        for status in statuses:
            if ": input" in status.name:
                self._heed(status)

    def _heed(self, status: Status) -> None:
        before = self._said.get(status.name, "")
        if status.level is Level.OK:
            if before:
                log.info("%s", status.message)
            self._said[status.name] = ""
        elif status.message != before:
            log.warning("%s", status.message)
            self._said[status.name] = status.message
