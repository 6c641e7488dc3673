"""The perception session: pictures and expressions in, messages out, inference on a thread of its own.

One session serves all cameras of a node with one segmenter. Inputs come from the thread that listens
(`picture`, `refer`, `tick`, ...), answers leave from the worker's thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ssp_sam_ros.interface.parameters import PARAMETERS, Parameters, unknown_name
from ssp_sam_ros.perception.result import Outcome
from ssp_sam_ros.session.answerer import Answerer, Job
from ssp_sam_ros.session.answers import with_waiting_time
from ssp_sam_ros.session.calls import Call, Calls, Reply
from ssp_sam_ros.session.clock import JUMP_BACK, SECOND, Clock
from ssp_sam_ros.session.composer import Composer
from ssp_sam_ros.session.contracts import Graph, RgbPicture, Segmenter
from ssp_sam_ros.session.diagnostics import InputState, Level, Status
from ssp_sam_ros.session.health import Health
from ssp_sam_ros.session.messages import nanoseconds_of
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.points import DepthBuffer, Pinhole
from ssp_sam_ros.session.problems import Problems
from ssp_sam_ros.session.requests import (
    LONGEST_EXPRESSION,
    MOST_EXPRESSIONS,
    Request,
    RequestIntake,
    same_questions,
)
from ssp_sam_ros.session.schedule import Limits, Picture, Schedule
from ssp_sam_ros.session.sender import Sender
from ssp_sam_ros.session.worker import Worker

_HOUR = 3600.0

log = logging.getLogger("ssp_sam")


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
        health: Callable[[], Mapping[str, object]] = dict,
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
            health: what else to report of inference, by key.
        """
        self._segmenter = segmenter
        self._graph = graph
        self._composer = composer
        self._clock = clock
        self._problems = Problems()
        self._answerer = Answerer(segmenter, decode, self._problems)
        self._intake = RequestIntake(parameters.count("max_expressions"))
        self.cameras: tuple[str, ...] = parameters.names("cameras") or ("",)
        self._schedules: dict[str, Schedule[Any]] = {name: Schedule(Limits()) for name in self.cameras}
        self._depth = {name: DepthBuffer() for name in self.cameras}
        self._parameters = parameters
        self._apply_parameters()

        self._changed = threading.Condition()
        self._worker = Worker(self._changed, self._next_job, self._pause, self._carry_out)
        self._calls = Calls()
        self._paused = ""
        self._sender = Sender(
            graph, composer, self._problems, lambda: self._worker.closing or bool(self._paused)
        )
        self._turn = 0
        self._latest_time = 0
        self._health = Health(node, self.cameras, segmenter, self._problems, health)

    def start(self) -> None:
        """Start the worker's thread."""
        self._worker.start()

    def run_pending(self) -> bool:
        """Work on one picture in the calling thread, for use without `start`; False where none is due."""
        return self._worker.run_pending()

    def close(self, patience: float = 5.0) -> bool:
        """Stop the worker after the picture at hand; nothing is published from here on.

        Returns:
            False where the worker is still busy after `patience` seconds; it is left behind.
        """
        self._finish(self._take_all_calls(), "the node is ending")
        return self._worker.close(patience)

    def pause(self, reason: str) -> None:
        """Work on nothing from here on; an answer being worked on is dropped, what is asked for stays.

        Args:
            reason: what callers and the diagnostics are told.
        """
        with self._changed:
            self._paused = reason
        self._finish(self._take_all_calls(), reason)

    def resume(self) -> None:
        """Work again; a camera has `max_image_age` before its requests become stale."""
        with self._changed:
            now = self._now()
            for schedule in self._schedules.values():
                schedule.resume(now)
            self._paused = ""
            self._changed.notify()

    # --- inputs -------------------------------------------------------------------------------------------

    def input(self, key: str, camera: str) -> Callable[[Any], None]:
        """What takes the messages of an input topic, named by its key in the interface table."""
        takers: dict[str, Callable[[Any], None]] = {
            "image": partial(self.picture, camera),
            "compressed_image": partial(self.picture, camera),
            "depth_image": partial(self.depth, camera),
            "camera_info": partial(self.camera_info, camera),
            "referring_expression": lambda message: self.refer(message.data),
            "expressions": self.refer_array,
        }
        return takers[key]

    def refer(self, text: str) -> None:
        """A referring expression for all cameras; an empty text clears, one too long is answered FAILED."""
        self._ask([], [text], 0)

    def refer_array(self, message: Any) -> None:
        """An ssp_sam_msgs/ReferringExpressionArray for all cameras; a wrong one is answered FAILED."""
        self._ask(message.ids, message.texts, nanoseconds_of(message.header.stamp))

    def picture(self, camera: str, message: Any) -> None:
        """A picture message of one camera."""
        needed = bool(self._graph.wanted(camera)) and not self._paused
        with self._changed:
            picture = self._picture(message, self._now())
            self._schedules[camera].offer(picture, needed)
            self._health.arrived(camera, picture.arrival)
            self._changed.notify()

    def segment(
        self,
        texts: Sequence[str],
        finish: Callable[[Reply], None],
        camera: str = "",
        image: Any | None = None,
        decode: Callable[[Any], RgbPicture] | None = None,
    ) -> None:
        """Answer expressions once, whatever is active on the topics.

        Args:
            texts: referring expressions.
            finish: takes the reply; called once, at once or from another thread.
            camera: whose next picture to use; "" for the first one.
            image: sensor_msgs/Image to use instead.
            decode: turns `image` into RGB.
        """
        camera = camera or self.cameras[0]
        with self._changed:
            now = self._now()
            failure = self._refusal(texts, camera)
            if not failure:
                requests = tuple(Request(text.strip(), str(i), now) for i, text in enumerate(texts, 1))
                picture = None if image is None else self._picture(image, now)
                self._calls.add(Call(camera, requests, finish, picture, decode))
                self._changed.notify()
        if failure:
            finish(Reply(failure=failure))

    def depth(self, camera: str, message: Any) -> None:
        """A depth picture aligned with the camera's pictures; kept only while somebody wants points."""
        if Output.TARGET_POINTS in self._graph.wanted(camera):
            self._depth[camera].add(nanoseconds_of(message.header.stamp), message)

    def camera_info(self, camera: str, message: Any) -> None:
        """Calibration of the camera's depth."""
        try:
            self._depth[camera].camera = Pinhole.from_camera_info(message)
        except ValueError as error:
            if Output.TARGET_POINTS in self._graph.wanted(camera):
                self._problems.report("calibration", camera, str(error), error, Level.WARN)
            return
        self._problems.solved("calibration", camera)

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
        values = {**self._parameters.values, name: spec.check(value)}
        with self._changed:
            self._parameters = Parameters(values, self._parameters.qos_overrides)
            self._apply_parameters()
            self._changed.notify()

    def tick(self) -> None:
        """Report requests that have become stale and wake the worker; call several times a second.

        Raises:
            RuntimeError: the worker's thread has ended by an error; the node cannot go on.
        """
        self._worker.check()
        if self._paused:
            return
        with self._changed:
            expired = self._calls.take_expired(self._schedules, self._now())
            reasons = [self._why_stale(self._schedules[call.camera]) for call in expired]
        for call, reason in zip(expired, reasons, strict=True):
            call.finish(Reply(failure=reason))
        for camera, schedule in self._schedules.items():
            if Output.RESULT in self._graph.wanted(camera):
                self._report_stale(camera, schedule)
        with self._changed:
            self._changed.notify()

    # --- health -------------------------------------------------------------------------------------------

    def diagnostics(self, inputs: Mapping[str, InputState]) -> list[Status]:
        """The statuses of all inputs (given by camera) and of inference; rates since the last call."""
        wanted = {camera: self._graph.wanted(camera) for camera in self.cameras}
        undelivered = self._graph.undelivered()
        with self._changed:
            self._health.drop_old_problems(self._schedules, wanted)
            now = self._now()
            statuses = [
                self._health.input(camera, inputs[camera], schedule, now)
                for camera, schedule in self._schedules.items()
            ]
            subscribed = any(wanted.values())
            statuses.append(
                self._health.inference(
                    self._schedules.values(), self._answerer, undelivered, subscribed, self._paused
                )
            )
        return statuses

    # --- requests -----------------------------------------------------------------------------------------

    def _ask(self, ids: Sequence[str], texts: Sequence[str], stamp: int) -> None:
        with self._changed:
            now = self._now()
            try:
                self._activate(self._intake.take(ids, texts, stamp, now))
                return
            except ValueError as error:
                reason = f"refused: {error}"
        log.error("%s", reason)
        names = ids if len(ids) == len(texts) else [""] * len(texts)
        kept = list(zip(texts, names, strict=True))[:MOST_EXPRESSIONS]
        requests = [Request(text[:LONGEST_EXPRESSION], name, stamp or now) for text, name in kept]
        for camera in self.cameras:
            if Output.RESULT in self._graph.wanted(camera):
                self._send_unanswered(camera, None, requests, Outcome.FAILED, reason)

    def _activate(self, requests: tuple[Request, ...]) -> None:
        if requests == next(iter(self._schedules.values())).requests:
            log.debug("the same once more")
        elif requests:
            log.info("looking for %s", ", ".join(repr(request.expression) for request in requests))
        else:
            log.info("nothing to look for any more")
        for schedule in self._schedules.values():
            schedule.set_requests(requests)
        self._changed.notify()

    def _report_stale(self, camera: str, schedule: Schedule[Any]) -> None:
        with self._changed:
            now = self._now()
            if not schedule.newly_stale(now):
                return
            requests, newest, reason = schedule.requests, schedule.newest, self._why_stale(schedule)
        self._send_unanswered(camera, newest, requests, Outcome.STALE, reason)

    def _why_stale(self, schedule: Schedule[Any]) -> str:
        age, limit = schedule.age(self._now()), f"max_image_age is {schedule.limits.max_image_age} s"
        if age is None:
            return f"no picture has arrived yet ({limit})"
        hint = "; the stamps look like another clock's: use_sim_time?" if age > _HOUR else ""
        return f"the newest picture is {age:.3f} s old ({limit}){hint}"

    def _refusal(self, texts: Sequence[str], camera: str) -> str:
        """Why a call cannot be taken, "" where it can."""
        if self._paused:
            return self._paused
        if camera not in self.cameras:
            return f"there is no camera {camera!r}; these are: {', '.join(map(repr, self.cameras))}"
        return self._intake.refusal(texts)

    def _take_all_calls(self) -> list[Call]:
        with self._changed:
            return self._calls.take_all()

    @staticmethod
    def _finish(calls: Sequence[Call], failure: str) -> None:
        for call in calls:
            call.finish(Reply(failure=failure))

    @staticmethod
    def _picture(message: Any, now: int) -> Picture[Any]:
        stamp = nanoseconds_of(message.header.stamp)
        return Picture(stamp, message.header.frame_id, message, now, arrival=time.monotonic())

    # --- work, in the worker's thread ---------------------------------------------------------------------

    def _next_job(self) -> Job | None:
        """The next picture due, cameras taking turns; nothing while nobody listens to a camera's outputs."""
        if self._paused:
            return None
        now = self._now()
        if due := self._calls.take_due(self._schedules, now):
            call, called_on = due
            return Job(call.camera, called_on, call.requests, time.monotonic(), call)
        for offset in range(len(self.cameras)):
            camera = self.cameras[(self._turn + offset) % len(self.cameras)]
            schedule = self._schedules[camera]
            if not self._graph.wanted(camera):
                continue
            picture = schedule.take(now)
            if picture is not None:
                self._turn = (self._turn + offset + 1) % len(self.cameras)
                depth = self._depth[camera].match(picture.stamp)
                return Job(camera, picture, schedule.requests, started=time.monotonic(), depth=depth)
        return None

    def _pause(self) -> float | None:
        """Seconds until `max_rate` may let a waiting picture through; None: until something arrives."""
        now = self._now()
        waits = [wait for schedule in self._schedules.values() if (wait := schedule.wait(now)) > 0]
        return min(waits, default=None)

    def _carry_out(self, job: Job) -> None:
        picture = job.picture
        image, answers = self._answerer.answer(job)
        total = time.monotonic() - picture.arrival
        answers = [with_waiting_time(a, job.started - picture.arrival, total) for a in answers]
        if job.call is not None:
            job.call.finish(self._composer.reply(picture.stamp, picture.frame_id, answers))
            return
        with self._changed:
            self._health.answered(answers[0].result, total)
        schedule = self._schedules[job.camera]

        def asked() -> bool:
            """Not cleared or replaced meanwhile."""
            return same_questions(schedule.requests, job.requests)

        if not asked() or not self._sender.answers(job, image, answers, asked):
            return
        with self._changed:
            if asked():
                schedule.answered()
        calibration, max_offset = self._depth[job.camera].camera, self._parameters.number("depth_max_offset")
        self._sender.points(job, answers[0], calibration, max_offset, asked)

    # --- outputs ------------------------------------------------------------------------------------------

    def _send_unanswered(
        self,
        camera: str,
        picture: Picture[Any] | None,
        requests: Sequence[Request],
        outcome: Outcome,
        reason: str,
    ) -> None:
        answers = [self._answerer.without_answer(request, outcome, reason) for request in requests]
        self._sender.unanswered(camera, picture, answers)

    # --- state --------------------------------------------------------------------------------------------

    def _now(self) -> int:
        """The node's time; where it has jumped back, ages start anew."""
        now = self._clock()
        if now < self._latest_time - JUMP_BACK:
            jump = (self._latest_time - now) / SECOND
            log.warning("the clock jumped back by %.3f s: ages start anew", jump)
            for schedule in self._schedules.values():
                schedule.clock_jumped_back(now)
            self._calls.clock_jumped_back(now)
            self._intake.forget()
            for buffer in self._depth.values():
                buffer.clear()
            self._latest_time = now
        self._latest_time = max(self._latest_time, now)
        return now

    def _apply_parameters(self) -> None:
        parameters = self._parameters
        limits = Limits(parameters.number("max_image_age"), parameters.number("max_rate"))
        for schedule in self._schedules.values():
            schedule.limits = limits
        self._intake.max_expressions = parameters.count("max_expressions")
        self._answerer.still_scene.threshold = parameters.number("static_scene_threshold")
        self._answerer.still_scene.max_age = parameters.number("max_embedding_age")
        self._composer.voxel_size = parameters.number("target_points_voxel_size")
        self._segmenter.no_target_threshold = parameters.number("no_target_threshold")
        self._segmenter.no_target_min_pixels = parameters.count("no_target_min_pixels")
