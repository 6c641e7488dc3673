"""What is wrong at the moment, by where it comes from; logged when it begins, not with every picture."""

from __future__ import annotations

import logging
import threading

log = logging.getLogger("ssp_sam")


class Problems:
    """The present problems; results and diagnostics repeat them while they last."""

    def __init__(self) -> None:
        self._present: dict[str, str] = {}
        self._lock = threading.Lock()

    def report(self, source: str, reason: str, error: Exception | None = None) -> None:
        """There is a problem; logged if new, with a traceback unless `error` is a ValueError."""
        with self._lock:
            known = self._present.get(source) == reason
            self._present[source] = reason
        if not known:
            log.error("%s", reason, exc_info=None if isinstance(error, ValueError) else error)

    def solved(self, source: str) -> None:
        """What comes from there is well again."""
        with self._lock:
            self._present.pop(source, None)

    def __str__(self) -> str:
        with self._lock:
            return "; ".join(self._present.values())
