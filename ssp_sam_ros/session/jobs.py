"""The worker's part: which pictures are next, and what is done with them."""

from __future__ import annotations

import time
from functools import partial

from ssp_sam_ros.session.answerer import Answered, Answerer, Job
from ssp_sam_ros.session.answers import with_waiting_time
from ssp_sam_ros.session.contracts import Graph, Segmenter
from ssp_sam_ros.session.health import Health
from ssp_sam_ros.session.points import Space
from ssp_sam_ros.session.requests import same_questions
from ssp_sam_ros.session.sender import Sender
from ssp_sam_ros.session.state import State

_DEPTH_PATIENCE = 0.05  # seconds; depth of 30 Hz is computed and sent well within


class Jobs:
    """Finds work in the session's state and does it; everything in the worker's thread."""

    def __init__(
        self,
        state: State,
        graph: Graph,
        segmenter: Segmenter,
        answerer: Answerer,
        sender: Sender,
        health: Health,
    ) -> None:
        self._state = state
        self._graph = graph
        self._segmenter = segmenter
        self._answerer = answerer
        self._sender = sender
        self._health = health
        self._turn = 0

    def next(self) -> list[Job]:
        """What is due now, none while nobody listens to a camera's outputs; with the state's lock held.

        A call comes first, then the cameras in turn: one picture, or one of each camera that has a new one
        where they go through the network together. No camera waits for another.
        """
        state = self._state
        if state.paused:
            return []
        now = state.now()
        if due := state.calls.take_due(state.schedules, now):
            call, called_on = due
            match = state.depth[call.camera].match(called_on.stamp)
            return [Job(call.camera, called_on, call.requests, time.monotonic(), match, call)]
        jobs: list[Job] = []
        count, first = len(state.cameras), self._turn
        for place in range(first, first + count):
            camera = state.cameras[place % count]
            schedule = state.schedules[camera]
            if not self._graph.wanted(camera):
                continue
            picture = schedule.take(now)
            if picture is None:
                continue
            match = state.depth[camera].match(picture.stamp)
            jobs.append(Job(camera, picture, schedule.requests, time.monotonic(), match))
            self._turn = (place + 1) % count
            if not self._batched():
                break
        return jobs

    def pause(self) -> float | None:
        """Seconds until `max_rate` may let a waiting picture through; None: until something arrives."""
        now = self._state.now()
        waits = [wait for schedule in self._state.schedules.values() if (wait := schedule.wait(now)) > 0]
        return min(waits, default=None)

    def carry_out(self, jobs: list[Job]) -> None:
        """Answer pictures and send what is subscribed to."""
        try:
            for answered in self._answerer.answer(jobs):
                self._finish(answered)
        finally:
            for job in jobs:
                self._state.depth[job.camera].done()

    def _finish(self, answered: Answered) -> None:
        job, picture = answered.job, answered.job.picture
        total = time.monotonic() - picture.arrival
        answers = [with_waiting_time(a, job.started - picture.arrival, total) for a in answered.answers]
        open_space = partial(self._open_space, job)
        if job.call is not None:
            self._sender.reply(job, answers, open_space)
            return
        changed, schedule = self._state.changed, self._state.schedules[job.camera]
        with changed:
            self._health.answered(answers[0].result, total)

        def asked() -> bool:
            """Not cleared or replaced meanwhile."""
            return same_questions(schedule.requests, job.requests)

        if not asked() or not self._sender.answers(job, answered.image, answers, open_space, asked):
            return
        with changed:
            if asked():
                schedule.answered()

    def _open_space(self, job: Job) -> Space:
        max_offset = self._state.parameters.number("depth_max_offset")
        return self._state.depth[job.camera].space(job.depth, max_offset, _DEPTH_PATIENCE)

    def _batched(self) -> bool:
        if len(self._state.cameras) == 1:
            return False
        wish = self._state.parameters.text("batch_cameras")
        return wish == "always" or (wish == "auto" and self._segmenter.prefers_batches)
