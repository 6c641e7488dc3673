"""What is counted while a session runs, and the diagnostic statuses made of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ssp_sam_ros.perception.result import Result
from ssp_sam_ros.session.answerer import Answerer
from ssp_sam_ros.session.arrivals import Arrivals
from ssp_sam_ros.session.contracts import Segmenter
from ssp_sam_ros.session.depth import NEEDING_DEPTH
from ssp_sam_ros.session.diagnostics import InputState, Status, inference_status, input_status
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.problems import Problems
from ssp_sam_ros.session.schedule import Schedule
from ssp_sam_ros.session.statistics import Statistics


class Health:
    """One session's health. The session's lock guards it."""

    def __init__(
        self,
        node: str,
        cameras: Iterable[str],
        segmenter: Segmenter,
        problems: Problems,
        more: Callable[[], Mapping[str, object]],
    ) -> None:
        """Start counting.

        Args:
            node: the node's name.
            cameras: their names, "" for a single one.
            segmenter: says its model and weights.
            problems: what is wrong at present.
            more: what else to report of inference, by key.
        """
        self._node = node
        self._segmenter = segmenter
        self._problems = problems
        self._more = more
        self._statistics = Statistics()
        self._last_total = 0.0
        self._arrivals = {name: Arrivals() for name in cameras}
        self._rates = {name: (0, time.monotonic()) for name in self._arrivals}

    def arrived(self, camera: str, moment: float) -> None:
        """A picture arrived; `moment` in seconds of a clock that only measures durations."""
        self._arrivals[camera].add(moment)

    def answered(self, result: Result, total: float) -> None:
        """A picture was answered, `total` seconds after it arrived; one of its results stands for it."""
        self._statistics.add(result)
        self._last_total = total

    def drop_old_problems(
        self, schedules: Mapping[str, Schedule[Any]], wanted: Mapping[str, frozenset[Output]]
    ) -> None:
        """Nothing solves a problem of work that is not done any more: it ends with the wish for that work."""
        for camera, schedule in schedules.items():
            if not schedule.requests or not wanted[camera]:
                self._problems.solved("inference", camera)
            if not schedule.requests or not wanted[camera] & NEEDING_DEPTH:
                self._problems.solved("depth", camera)
            if Output.TARGET_POINTS not in wanted[camera]:
                self._problems.solved("calibration", camera)

    def input(self, camera: str, state: InputState, schedule: Schedule[Any], now: int) -> Status:
        """The status of one camera's input; its rate is that since the last call."""
        counters = schedule.counters
        count, since = self._rates[camera]
        here = time.monotonic()
        self._rates[camera] = (counters.received, here)
        rate = (counters.received - count) / max(here - since, 1e-9)
        values = {
            "received": counters.received,
            "dropped for newer ones": counters.dropped,
            "became stale": counters.stale,
        }
        arriving = self._arrivals[camera].going_on(here)
        age, ahead = schedule.age(now), schedule.ahead()
        return input_status(self._node, camera, state, arriving, rate, age, ahead, values)

    def inference(
        self,
        schedules: Iterable[Schedule[Any]],
        answerer: Answerer,
        undelivered: int | None,
        subscribed: bool,
        paused: str,
    ) -> Status:
        """The status of inference.

        Args:
            schedules: of all cameras.
            answerer: counts failures.
            undelivered: messages that a subscriber was too slow for, None where that is not known.
            subscribed: whether anybody listens to an output.
            paused: why no work is done at present, "" where it is.
        """
        schedules = list(schedules)
        values: dict[str, object] = {
            "model": self._segmenter.model_name,
            "weights digest": self._segmenter.weights_digest,
            "pictures worked on": sum(s.counters.started for s in schedules),
            "pictures dropped for newer ones": sum(s.counters.dropped for s in schedules),
            "pictures failed": answerer.failures,
            **({} if undelivered is None else {"messages undelivered": undelivered}),
            "last picture": f"{self._last_total * 1e3:.1f} ms",
            **self._statistics.values(),
            "last error": answerer.last_error or "none",
            **self._more(),
        }
        model, active = self._segmenter.model_name, len(schedules[0].requests)
        return inference_status(
            self._node, model, active, subscribed, self._problems.present(), values, paused
        )
