"""The perception session: pictures and expressions in, messages out, inference on a thread of its own.

One session serves all cameras of a node with one segmenter. Inputs come from the thread that listens
(`picture`, `refer`, `tick`, ...), answers leave from the worker's thread through `publish`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.interface.parameters import PARAMETERS, Parameters, Value, unknown_name
from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.session.answers import Answer, with_waiting_time, without_answer
from ssp_sam_ros.session.clock import JUMP_BACK, SECOND, Clock
from ssp_sam_ros.session.composer import Composer
from ssp_sam_ros.session.diagnostics import InputState, Status, inference_status, input_status
from ssp_sam_ros.session.messages import nanoseconds_of
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.points import DepthBuffer, Pinhole
from ssp_sam_ros.session.requests import LONGEST_EXPRESSION, Request, RequestIntake
from ssp_sam_ros.session.schedule import Limits, Picture, Schedule

log = logging.getLogger("ssp_sam")

RgbPicture = NDArray[np.uint8]


class Segmenter(Protocol):
    """What the session needs of `ssp_sam_ros.Segmenter`."""

    no_target_threshold: float
    no_target_min_pixels: float

    @property
    def model_name(self) -> str:
        """Name of the model variant."""

    @property
    def weights_digest(self) -> str:
        """Digest of the parameters."""

    def encode(self, image: RgbPicture, key: Hashable | None = None) -> Any:
        """The picture's features."""

    def refer(self, frame: Any, expressions: Sequence[str], ids: Sequence[str] | None = None) -> list[Result]:
        """One result per expression."""


class Graph(Protocol):
    """What the session needs of the ROS graph; called from the worker's and from the listening thread."""

    def wanted(self, camera: str) -> frozenset[Output]:
        """The outputs of a camera that somebody subscribes to at this moment."""

    def publish(self, camera: str, output: Output, message: Any) -> None:
        """Send a message."""

    def undelivered(self) -> int:
        """Messages dropped so far because a subscriber was too slow to take them."""


@dataclass(frozen=True)
class Job:
    """A picture to be worked on for the requests active at that time."""

    camera: str
    picture: Picture[Any]
    requests: tuple[Request, ...]
    started: float


class Session:
    """Schedules pictures of several cameras onto one segmenter; see the module's text for the threads."""

    def __init__(
        self,
        node: str,
        segmenter: Segmenter,
        graph: Graph,
        composer: Composer,
        decode: Callable[[Any], RgbPicture],
        clock: Clock,
        parameters: Parameters,
    ) -> None:
        """Set up without starting; `start` starts the worker.

        Args:
            node: the node's name, for diagnostics.
            segmenter: answers expressions on pictures.
            graph: publishes.
            composer: makes the messages of an answered picture.
            decode: picture message to (height, width, 3) uint8 RGB; ValueError where it cannot.
            clock: the node's clock.
            parameters: checked values; `set_parameter` changes them later.
        """
        self._node = node
        self._segmenter = segmenter
        self._graph = graph
        self._composer = composer
        self._decode = decode
        self._clock = clock
        self._values: dict[str, Value] = dict(parameters.values)
        self._intake = RequestIntake(parameters.count("max_expressions"))
        self.cameras: tuple[str, ...] = parameters.names("cameras") or ("",)
        self._schedules: dict[str, Schedule[Any]] = {name: Schedule(Limits()) for name in self.cameras}
        self._depth = {name: DepthBuffer() for name in self.cameras}
        self._apply_parameters()

        self._changed = threading.Condition()
        self._closing = False
        self._worker: threading.Thread | None = None
        self._turn = 0
        self._latest_time = 0
        self._crash: BaseException | None = None
        self._problems: dict[str, str] = {}
        self._failed_pictures = 0
        self._last_total = 0.0
        self._rates = {name: (0, time.monotonic()) for name in self.cameras}

    # --- inputs -------------------------------------------------------------------------------------------

    def refer(self, text: str) -> None:
        """A referring expression for all cameras; an empty text clears, one too long is answered FAILED."""
        self._ask(lambda now: self._intake.from_text(text, now), [text], 0)

    def refer_array(self, message: Any) -> None:
        """An ssp_sam_msgs/ReferringExpressionArray for all cameras; a wrong one is answered FAILED."""
        stamp = nanoseconds_of(message.header.stamp)
        self._ask(
            lambda now: self._intake.from_array(message.ids, message.texts, stamp, now), message.texts, stamp
        )

    def _ask(self, intake: Callable[[int], tuple[Request, ...]], texts: Sequence[str], stamp: int) -> None:
        with self._changed:
            now = self._now()
            try:
                self._activate(intake(now))
                return
            except ValueError as error:
                reason = f"refused: {error}"
        log.error("%s", reason)
        kept = [text[:LONGEST_EXPRESSION] for text in texts[: self._intake.max_expressions]]
        requests = [Request(text, "", stamp or now) for text in kept]
        answers = [self._without_answer(request, Outcome.FAILED, reason) for request in requests]
        for camera in self.cameras:
            if Output.RESULT in self._graph.wanted(camera):
                self._send(camera, self._composer.unanswered(0, "", answers))

    def picture(self, camera: str, message: Any) -> None:
        """A picture message of one camera."""
        stamp = nanoseconds_of(message.header.stamp)
        picture = Picture(stamp, message.header.frame_id, message, arrival=time.monotonic())
        needed = bool(self._graph.wanted(camera))
        with self._changed:
            self._now()
            self._schedules[camera].offer(picture, needed)
            self._changed.notify()

    def depth(self, camera: str, message: Any) -> None:
        """A depth picture aligned with the camera's pictures; kept only while somebody wants points."""
        if Output.TARGET_POINTS in self._graph.wanted(camera):
            self._depth[camera].add(nanoseconds_of(message.header.stamp), message)

    def camera_info(self, camera: str, message: Any) -> None:
        """Calibration of the camera's depth."""
        try:
            self._depth[camera].camera = Pinhole.from_camera_info(message)
        except ValueError as error:
            self._problem("calibration", str(error))

    def set_parameter(self, name: str, value: object) -> None:
        """Change a parameter that may change while running.

        Raises:
            ValueError: unknown, read-only or not fitting; nothing has changed then.
        """
        spec = PARAMETERS.get(name)
        if spec is None:
            raise ValueError(unknown_name(name, PARAMETERS))
        if spec.read_only:
            raise ValueError(f"parameter {name!r} can only be set at start")
        checked = spec.check(value)
        with self._changed:
            self._values[name] = checked
            self._apply_parameters()
            self._changed.notify()

    # --- time ---------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Report requests that have become stale and wake the worker; call several times a second.

        Raises:
            RuntimeError: the worker's thread has ended by an error; the node cannot go on.
        """
        if self._crash is not None:
            raise RuntimeError("the worker has stopped") from self._crash
        for camera, schedule in self._schedules.items():
            if Output.RESULT not in self._graph.wanted(camera):
                continue
            with self._changed:
                now = self._now()
                if not schedule.newly_stale(now):
                    continue
                newest, reason = schedule.newest, self._stale_reason(schedule.age(now))
                requests = schedule.requests
            answers = [self._without_answer(request, Outcome.STALE, reason) for request in requests]
            stamp, frame_id = (newest.stamp, newest.frame_id) if newest else (0, "")
            self._send(camera, self._composer.unanswered(stamp, frame_id, answers))
        with self._changed:
            self._changed.notify()

    def diagnostics(self, inputs: Mapping[str, InputState]) -> list[Status]:
        """The statuses of all inputs (given by camera) and of inference; rates since the last call."""
        statuses = []
        subscribed = False
        with self._changed:
            now = self._now()
            for camera, schedule in self._schedules.items():
                counters = schedule.counters
                rate = self._rate(camera, counters.received)
                counts: dict[str, object] = {"received": counters.received, "became stale": counters.stale}
                statuses.append(
                    input_status(self._node, camera, inputs[camera], rate, schedule.age(now), counts)
                )
                subscribed = subscribed or bool(self._graph.wanted(camera))
            schedules = self._schedules.values()
            values: dict[str, object] = {
                "model": self._segmenter.model_name,
                "weights digest": self._segmenter.weights_digest,
                "pictures worked on": sum(s.counters.started for s in schedules),
                "pictures dropped for newer ones": sum(s.counters.dropped for s in schedules),
                "pictures failed": self._failed_pictures,
                "messages undelivered": self._graph.undelivered(),
                "last picture": f"{self._last_total * 1e3:.1f} ms",
            }
            active = len(next(iter(schedules)).requests)
            statuses.append(
                inference_status(
                    self._node,
                    self._segmenter.model_name,
                    active,
                    subscribed,
                    "; ".join(list(self._problems.values())),
                    values,
                )
            )
        return statuses

    # --- worker -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the worker's thread."""
        self._worker = threading.Thread(target=self._work, name="ssp_sam worker", daemon=True)
        self._worker.start()

    def close(self, patience: float = 5.0) -> bool:
        """Stop the worker after the picture at hand; nothing is published from here on.

        Returns:
            False where the worker is still busy after `patience` seconds; it is left behind.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._worker is not None:
            self._worker.join(patience)
            return not self._worker.is_alive()
        return True

    def run_pending(self) -> bool:
        """Work on one picture in the calling thread, for use without `start`; False where none is due."""
        with self._changed:
            job = self._next_job()
        if job is not None:
            self._carry_out(job)
        return job is not None

    def _work(self) -> None:
        try:
            while (job := self._wait_for_job()) is not None:
                self._carry_out(job)
        except BaseException as error:
            self._crash = error  # `tick` hands it to the node's own thread
            raise

    def _wait_for_job(self) -> Job | None:
        """Block until a picture is due; None when closing."""
        with self._changed:
            while not self._closing:
                job = self._next_job()
                if job is not None:
                    return job
                self._changed.wait(self._pause())
        return None

    def _next_job(self) -> Job | None:
        """The next picture due, cameras taking turns; nothing while nobody listens to a camera's outputs."""
        now = self._now()
        for offset in range(len(self.cameras)):
            camera = self.cameras[(self._turn + offset) % len(self.cameras)]
            schedule = self._schedules[camera]
            if not self._graph.wanted(camera):
                continue
            picture = schedule.take(now)
            if picture is not None:
                self._turn = (self._turn + offset + 1) % len(self.cameras)
                return Job(camera, picture, schedule.requests, started=time.monotonic())
        return None

    def _pause(self) -> float | None:
        """Seconds until `max_rate` may let a waiting picture through; None: until something arrives."""
        now = self._now()
        waits = [wait for schedule in self._schedules.values() if (wait := schedule.wait(now)) > 0]
        return min(waits, default=None)

    def _carry_out(self, job: Job) -> None:
        picture = job.picture
        image, answers = self._answer(job)
        self._last_total = time.monotonic() - picture.arrival
        answers = [with_waiting_time(a, job.started - picture.arrival, self._last_total) for a in answers]
        wanted = self._graph.wanted(job.camera)
        self._send(
            job.camera, self._composer.compose(picture.stamp, picture.frame_id, image, answers, wanted)
        )
        if Output.TARGET_POINTS in wanted:
            self._send_points(job, answers[0])

    def _send_points(self, job: Job, answer: Answer) -> None:
        max_offset = float(self._values["depth_max_offset"])  # type: ignore[arg-type]
        picture, depth = job.picture, self._depth[job.camera]
        try:
            points = self._composer.points(picture.stamp, picture.frame_id, answer, depth, max_offset)
        except ValueError as error:
            self._problem("depth", str(error))
            return
        self._problems.pop("depth", None)
        self._send(job.camera, points)

    def _answer(self, job: Job) -> tuple[RgbPicture | None, list[Answer]]:
        """The picture, where it could be decoded, and an answer to each request, be it FAILED."""
        image = None
        key = (job.camera, job.picture.epoch, job.picture.stamp) if job.picture.stamp else None
        try:
            image = self._decode(job.picture.payload)
            frame = self._segmenter.encode(image, key=key)
            results = self._segmenter.refer(
                frame, [r.expression for r in job.requests], [r.id for r in job.requests]
            )
        except (
            Exception
        ) as error:  # whatever a picture or a device does, who asked hears of it, and the node lives on
            reason = f"{type(error).__name__}: {error}"
            self._problem("inference", reason, error)
            self._failed_pictures += 1
            return image, [self._without_answer(r, Outcome.FAILED, reason) for r in job.requests]
        self._problems.pop("inference", None)
        return image, [Answer(r, result) for r, result in zip(job.requests, results, strict=True)]

    # --- helpers ------------------------------------------------------------------------------------------

    def _now(self) -> int:
        """The node's time; where it has jumped back, ages start anew."""
        now = self._clock()
        if now < self._latest_time - JUMP_BACK:
            log.warning(
                "the clock jumped back by %.3f s: ages start anew", (self._latest_time - now) / SECOND
            )
            for schedule in self._schedules.values():
                schedule.clock_jumped_back(now)
            for buffer in self._depth.values():
                buffer.clear()
            self._latest_time = now
        self._latest_time = max(self._latest_time, now)
        return now

    def _activate(self, requests: tuple[Request, ...]) -> None:
        names = ", ".join(repr(request.expression) for request in requests)
        log.info("looking for %s", names) if requests else log.info("nothing to look for any more")
        for schedule in self._schedules.values():
            schedule.set_requests(requests)
        self._changed.notify()

    def _send(self, camera: str, messages: Sequence[tuple[Output, Any]]) -> None:
        for output, message in messages:
            if self._closing:
                return
            self._graph.publish(camera, output, message)

    def _without_answer(self, request: Request, outcome: Outcome, reason: str) -> Answer:
        return without_answer(
            request, outcome, reason, self._segmenter.model_name, self._segmenter.weights_digest
        )

    def _stale_reason(self, age: float | None) -> str:
        limit = f"max_image_age is {self._values['max_image_age']} s"
        if age is None:
            return f"no picture has arrived yet ({limit})"
        hint = "; the stamps look like another clock's: use_sim_time?" if age > 3600 else ""
        return f"the newest picture is {age:.3f} s old ({limit}){hint}"

    def _problem(self, source: str, reason: str, error: Exception | None = None) -> None:
        """Log a problem once, not at the rate of the camera; diagnostics and results repeat it."""
        if self._problems.get(source) != reason:
            log.error("%s", reason, exc_info=None if isinstance(error, ValueError) else error)
        self._problems[source] = reason

    def _rate(self, camera: str, received: int) -> float:
        count, since = self._rates[camera]
        now = time.monotonic()
        self._rates[camera] = (received, now)
        return (received - count) / max(now - since, 1e-9)

    def _apply_parameters(self) -> None:
        values = Parameters(self._values, {})
        limits = Limits(values.number("max_image_age"), values.number("max_rate"))
        for schedule in self._schedules.values():
            schedule.limits = limits
        self._intake.max_expressions = values.count("max_expressions")
        self._segmenter.no_target_threshold = values.number("no_target_threshold")
        self._segmenter.no_target_min_pixels = values.count("no_target_min_pixels")
