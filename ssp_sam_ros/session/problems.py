"""What is wrong at the moment, by source and camera; logged when it begins, not with every picture."""

from __future__ import annotations

import logging
import threading

from ssp_sam_ros.session.diagnostics import Level

_LOG_LEVELS = {Level.OK: logging.INFO, Level.WARN: logging.WARNING, Level.ERROR: logging.ERROR}

log = logging.getLogger("ssp_sam")


class Problems:
    """The present problems; diagnostics repeat them while they last. A single camera is called ""."""

    def __init__(self) -> None:
        self._present: dict[tuple[str, str], tuple[Level, str]] = {}
        self._lock = threading.Lock()

    def report(
        self,
        source: str,
        camera: str,
        reason: str,
        error: Exception | None = None,
        level: Level = Level.ERROR,
    ) -> None:
        """There is a problem; logged if new, with a traceback unless `error` is a ValueError."""
        text = f"{camera}: {reason}" if camera else reason
        with self._lock:
            known = self._present.get((source, camera)) == (level, text)
            self._present[source, camera] = level, text
        if not known:
            trace = None if isinstance(error, ValueError) else error
            log.log(_LOG_LEVELS[level], "%s", text, exc_info=trace)

    def solved(self, source: str, camera: str) -> None:
        """What comes from there is well again, or matters to nobody any more."""
        with self._lock:
            self._present.pop((source, camera), None)

    def present(self) -> list[tuple[Level, str]]:
        """Level and text of each, the oldest first."""
        with self._lock:
            return list(self._present.values())
