"""What leaves the session: the messages of an answer, for as long as somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ssp_sam_ros.perception.result import Outcome
from ssp_sam_ros.session.answerer import Job
from ssp_sam_ros.session.answers import Answer, without_answer
from ssp_sam_ros.session.composer import Composer, Outgoing
from ssp_sam_ros.session.contracts import Graph, RgbPicture
from ssp_sam_ros.session.depth import NEEDING_DEPTH, MissingDepthError
from ssp_sam_ros.session.diagnostics import Level
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.points import Position, Space
from ssp_sam_ros.session.problems import Problems
from ssp_sam_ros.session.schedule import Picture

OpenSpace = Callable[[], Space]


class Sender:
    """Publishes; each message only if it may still go out at that moment."""

    def __init__(
        self, graph: Graph, composer: Composer, problems: Problems, silent: Callable[[], bool]
    ) -> None:
        """`silent` says whether nothing may go out at present: paused, or the node is ending."""
        self._graph = graph
        self._composer = composer
        self._problems = problems
        self._silent = silent

    def answers(
        self,
        job: Job,
        image: RgbPicture | None,
        answers: Sequence[Answer],
        open_space: OpenSpace,
        asked: Callable[[], bool],
    ) -> bool:
        """Send what is subscribed to of the answers on one picture.

        What lies in the picture goes first: depth may have to be waited for.

        Args:
            job: the picture.
            image: the same as RGB, None where it could not be decoded.
            answers: one for each of the job's requests.
            open_space: finds the picture's depth; MissingDepthError where there is none.
            asked: whether somebody still asks for them.

        Returns:
            False where it was called off: what has not gone out by then does not.
        """
        picture, wanted = job.picture, self._graph.wanted(job.camera)
        try:
            messages, told = self._composer.compose(picture.stamp, picture.frame_id, image, answers, wanted)
        except MemoryError as error:  # full-size masks and drawings; the next picture may be a smaller one
            reason = f"no memory for the messages of the picture: {error or 'MemoryError'}"
            self._problems.report("inference", job.camera, reason, error)
            failed = [
                without_answer(a.request, Outcome.FAILED, reason, a.result.model, a.result.weights_digest)
                for a in answers
            ]
            messages, told = self._composer.unanswered(picture.stamp, picture.frame_id, failed), []
            return self._send(job.camera, messages, asked)
        if not self._send(job.camera, messages, asked):
            return False
        points: Outgoing = []
        if wanted & NEEDING_DEPTH:
            points = self._locate(job, answers, open_space, told, Output.TARGET_POINTS in wanted)
        return self._send(job.camera, told + points, asked)

    def reply(self, job: Job, answers: Sequence[Answer], open_space: OpenSpace) -> None:
        """Give a call its answers."""
        if job.call is None:
            raise ValueError("the job is not a call's")
        positions: list[Position] = []
        if job.call.picture is None:  # a caller's own picture comes without depth
            try:
                space = open_space()
                positions = [space.position(answer.result) for answer in answers]
            except MissingDepthError:
                pass  # depth is optional: the reply says that there is no position
            except ValueError as error:
                self._problems.report("depth", job.camera, _no_position(error), error, Level.WARN)
        picture = job.picture
        job.call.finish(self._composer.reply(picture.stamp, picture.frame_id, answers, positions))

    def unanswered(self, camera: str, picture: Picture[object] | None, answers: Sequence[Answer]) -> None:
        """Send answers that no picture was worked on for, in the name of the newest one if there is any."""
        stamp, frame_id = (picture.stamp, picture.frame_id) if picture else (0, "")
        self._send(camera, self._composer.unanswered(stamp, frame_id, answers), lambda: True)

    def _locate(
        self, job: Job, answers: Sequence[Answer], open_space: OpenSpace, told: Outgoing, points: bool
    ) -> Outgoing:
        """Add the positions to the results; returns the points where they are wanted.

        What is missing for the points is reported; for the results depth is optional, but not depth that
        cannot be used.
        """
        picture = job.picture
        try:
            space = open_space()
            outgoing = []
            if points:
                outgoing = self._composer.points(picture.stamp, picture.frame_id, answers[0], space)
            if told:
                self._composer.place(told, [space.position(answer.result) for answer in answers])
        except MissingDepthError as error:
            if points:
                self._problems.report("depth", job.camera, f"no target points: {error}", error)
            else:
                self._problems.solved("depth", job.camera)
            return []
        except ValueError as error:
            if points:
                self._problems.report("depth", job.camera, f"no target points: {error}", error)
            else:
                self._problems.report("depth", job.camera, _no_position(error), error, Level.WARN)
            return []
        self._problems.solved("depth", job.camera)
        return outgoing

    def _send(self, camera: str, messages: Outgoing, asked: Callable[[], bool]) -> bool:
        for output, message in messages:
            if self._silent() or not asked():
                return False
            self._graph.publish(camera, output, message)
        return True


def _no_position(error: ValueError) -> str:
    return f"no position of the target: {error}"
