"""Whether a camera still sends, judged by its own pace."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from statistics import median_low

_KEPT = 9  # arrivals, that is, eight intervals
_PATIENCE = 3.0  # seconds of silence that never count
_MISSED = 3.0  # usual intervals of silence that never count


class Arrivals:
    """When the last few pictures arrived; times in seconds of a clock that only measures durations."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=_KEPT)

    def add(self, time: float) -> None:
        """A picture arrived."""
        self._times.append(time)

    def going_on(self, now: float) -> bool:
        """Whether the last arrival is at most 3 s or three usual intervals ago, whichever is longer."""
        if not self._times:
            return False
        intervals = [later - earlier for earlier, later in pairwise(self._times)]
        # The median: one long pause does not make the camera a slow one.
        usual = median_low(intervals) if intervals else 0.0
        return now - self._times[-1] <= max(_PATIENCE, _MISSED * usual)
