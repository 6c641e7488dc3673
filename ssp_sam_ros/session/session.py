"""The perception session: pictures and expressions in, messages out, inference on a thread of its own.

One session serves all cameras of a node with one segmenter. `inputs` takes what arrives in the thread that
listens, which also calls `Session.tick`; answers leave from the worker's thread, whose part is `jobs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ssp_sam_ros.interface.parameters import PARAMETERS, Parameters, unknown_name
from ssp_sam_ros.perception.result import Outcome
from ssp_sam_ros.session.answerer import Answerer
from ssp_sam_ros.session.calls import ENDING, Call, Reply
from ssp_sam_ros.session.clock import Clock
from ssp_sam_ros.session.composer import Composer
from ssp_sam_ros.session.contracts import Graph, RgbPicture, Segmenter
from ssp_sam_ros.session.diagnostics import InputState, Status
from ssp_sam_ros.session.health import Health
from ssp_sam_ros.session.inputs import Inputs
from ssp_sam_ros.session.jobs import Jobs
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.problems import Problems
from ssp_sam_ros.session.requests import Request
from ssp_sam_ros.session.schedule import Limits, Picture, Schedule
from ssp_sam_ros.session.sender import Sender
from ssp_sam_ros.session.state import State
from ssp_sam_ros.session.worker import Worker

_HOUR = 3600.0


class Session:
    """Puts the parts together; see the module's text for the threads."""

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
        self._state = state = State(clock, parameters)
        self._problems = Problems()
        self._answerer = Answerer(segmenter, decode, self._problems)
        self._health = Health(node, state.cameras, segmenter, self._problems, health)
        self._sender = Sender(
            graph, composer, self._problems, lambda: self._worker.closing or bool(state.paused)
        )
        self._jobs = Jobs(state, graph, segmenter, self._answerer, self._sender, self._health)
        self._worker = Worker(state.changed, self._jobs.next, self._jobs.pause, self._jobs.carry_out)
        self.inputs = Inputs(state, graph, self._health, self._problems, self._refuse)
        """Takes what arrives."""
        self._apply_parameters()

    @property
    def cameras(self) -> tuple[str, ...]:
        """Their names, "" for a single one."""
        return self._state.cameras

    def input(self, key: str, camera: str) -> Callable[[Any], None]:
        """As `Inputs.taker`."""
        return self.inputs.taker(key, camera)

    def start(self) -> None:
        """Start the worker's thread."""
        self._worker.start()

    def run_pending(self) -> bool:
        """Do what is due in the calling thread, for use without `start`; False where nothing is."""
        return self._worker.run_pending()

    def close(self, patience: float = 5.0) -> bool:
        """Stop the worker after the picture at hand; nothing is published from here on.

        Returns:
            False where the worker is still busy after `patience` seconds; it is left behind.
        """
        _finish(self._state.take_all_calls(), ENDING)
        return self._worker.close(patience)

    def pause(self, reason: str) -> None:
        """Work on nothing from here on; an answer being worked on is dropped, what is asked for stays.

        Args:
            reason: what callers and the diagnostics are told.
        """
        self._state.pause(reason)
        _finish(self._state.take_all_calls(), reason)

    def resume(self) -> None:
        """Work again; a camera has `max_image_age` before its requests become stale."""
        self._state.resume()

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
        state = self._state
        values = {**state.parameters.values, name: spec.check(value)}
        with state.changed:
            state.parameters = Parameters(values, state.parameters.qos_overrides)
            self._apply_parameters()
            state.changed.notify()

    def tick(self) -> None:
        """Report requests that have become stale and wake the worker; call several times a second.

        Raises:
            RuntimeError: the worker's thread has ended by an error; the node cannot go on.
        """
        self._worker.check()
        state = self._state
        if state.paused:
            return
        with state.changed:
            expired = state.calls.take_expired(state.schedules, state.now())
            reasons = [self._why_stale(state.schedules[call.camera]) for call in expired]
        for call, reason in zip(expired, reasons, strict=True):
            call.finish(Reply(failure=reason))
        for camera, schedule in state.schedules.items():
            if Output.RESULT in self._graph.wanted(camera):
                self._report_stale(camera, schedule)
        with state.changed:
            state.changed.notify()

    def diagnostics(self, inputs: Mapping[str, InputState]) -> list[Status]:
        """The statuses of all inputs (given by camera) and of inference; rates since the last call."""
        state = self._state
        wanted = {camera: self._graph.wanted(camera) for camera in state.cameras}
        undelivered = self._graph.undelivered()
        with state.changed:
            self._health.drop_old_problems(state.schedules, wanted)
            now = state.now()
            statuses = [
                self._health.input(camera, inputs[camera], schedule, now)
                for camera, schedule in state.schedules.items()
            ]
            subscribed = any(wanted.values())
            statuses.append(
                self._health.inference(
                    state.schedules.values(), self._answerer, undelivered, subscribed, state.paused
                )
            )
        return statuses

    def _report_stale(self, camera: str, schedule: Schedule[Any]) -> None:
        with self._state.changed:
            now = self._state.now()
            if not schedule.newly_stale(now):
                return
            requests, newest, reason = schedule.requests, schedule.newest, self._why_stale(schedule)
        self._send_unanswered(camera, newest, requests, Outcome.STALE, reason)

    def _why_stale(self, schedule: Schedule[Any]) -> str:
        limit = f"max_image_age is {schedule.limits.max_image_age} s"
        age = schedule.age(self._state.now())
        if age is None:
            return f"no picture has arrived yet ({limit})"
        hint = "; the stamps look like another clock's: use_sim_time?" if age > _HOUR else ""
        return f"the newest picture is {age:.3f} s old ({limit}){hint}"

    def _refuse(self, camera: str, requests: Sequence[Request], outcome: Outcome, reason: str) -> None:
        self._send_unanswered(camera, None, requests, outcome, reason)

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

    def _apply_parameters(self) -> None:
        state, parameters = self._state, self._state.parameters
        limits = Limits(parameters.number("max_image_age"), parameters.number("max_rate"))
        for schedule in state.schedules.values():
            schedule.limits = limits
        state.intake.max_expressions = parameters.count("max_expressions")
        self._answerer.still_scene.threshold = parameters.number("static_scene_threshold")
        self._answerer.still_scene.max_age = parameters.number("max_embedding_age")
        self._composer.voxel_size = parameters.number("target_points_voxel_size")
        self._segmenter.no_target_threshold = parameters.number("no_target_threshold")
        self._segmenter.no_target_min_pixels = parameters.count("no_target_min_pixels")


def _finish(calls: Sequence[Call], failure: str) -> None:
    for call in calls:
        call.finish(Reply(failure=failure))
