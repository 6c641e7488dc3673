"""Where the time of the latest answers went, for the diagnostics."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from ssp_sam_ros.perception.result import Result, StageTimes

_KEPT = 256  # pictures; enough for a 99th percentile that means something


class Statistics:
    """Stage times and cache hits of the pictures answered last."""

    def __init__(self) -> None:
        self._times: deque[StageTimes] = deque(maxlen=_KEPT)
        self._cached: deque[bool] = deque(maxlen=_KEPT)

    def add(self, result: Result) -> None:
        """A picture was answered; one of its results stands for it."""
        self._times.append(result.times)
        self._cached.append(result.embedding_cached)

    def values(self) -> dict[str, str]:
        """Median and 99th percentile of each stage in milliseconds, and the share of cached embeddings."""
        times, cached = list(self._times), list(self._cached)
        if not times:
            return {}
        lines = {
            f"{stage.name.replace('_', ' ')} p50, p99": _percentiles([getattr(t, stage.name) for t in times])
            for stage in fields(StageTimes)
        }
        lines["embeddings from the cache"] = f"{100 * sum(cached) / len(cached):.0f} %"
        return lines


def _percentiles(milliseconds: Sequence[float]) -> str:
    median, high = np.percentile(milliseconds, [50, 99])
    return f"{median:.1f}, {high:.1f} ms"
