"""What leaves the session: the messages of an answer, for as long as somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ssp_sam_ros.perception.result import Outcome
from ssp_sam_ros.session.answerer import Job
from ssp_sam_ros.session.answers import Answer, without_answer
from ssp_sam_ros.session.composer import Composer, Outgoing
from ssp_sam_ros.session.contracts import Graph, RgbPicture
from ssp_sam_ros.session.outputs import Output
from ssp_sam_ros.session.points import Pinhole
from ssp_sam_ros.session.problems import Problems
from ssp_sam_ros.session.schedule import Picture

_DEPTH_PATIENCE = 0.05  # seconds; depth of 30 Hz is computed and sent well within


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
        self, job: Job, image: RgbPicture | None, answers: Sequence[Answer], asked: Callable[[], bool]
    ) -> bool:
        """Send what is subscribed to of the answers on one picture, all but `target_points`.

        Args:
            job: the picture.
            image: the same as RGB, None where it could not be decoded.
            answers: one for each of the job's requests.
            asked: whether somebody still asks for them.

        Returns:
            False where it was called off: what has not gone out by then does not.
        """
        picture, wanted = job.picture, self._graph.wanted(job.camera)
        try:
            messages = self._composer.compose(picture.stamp, picture.frame_id, image, answers, wanted)
        except MemoryError as error:  # full-size masks and drawings; the next picture may be a smaller one
            reason = f"no memory for the messages of the picture: {error or 'MemoryError'}"
            self._problems.report("inference", job.camera, reason, error)
            failed = [
                without_answer(a.request, Outcome.FAILED, reason, a.result.model, a.result.weights_digest)
                for a in answers
            ]
            messages = self._composer.unanswered(picture.stamp, picture.frame_id, failed)
        return self._send(job.camera, messages, asked)

    def points(
        self,
        job: Job,
        answer: Answer,
        camera: Pinhole | None,
        max_offset: float,
        asked: Callable[[], bool],
    ) -> None:
        """Send the 3D points of an answer's mask where somebody wants them; what is missing is reported.

        Args:
            job: the picture.
            answer: to the first expression.
            camera: calibration of the depth, if known.
            max_offset: seconds between the stamps of picture and depth, at most.
            asked: as for `answers`.
        """
        picture = job.picture
        if Output.TARGET_POINTS not in self._graph.wanted(job.camera):
            return
        depth = job.depth.message(max_offset, _DEPTH_PATIENCE) if job.depth else None
        try:
            messages = self._composer.points(picture.stamp, picture.frame_id, answer, depth, camera)
        except ValueError as error:
            self._problems.report("depth", job.camera, str(error), error)
            return
        self._problems.solved("depth", job.camera)
        self._send(job.camera, messages, asked)

    def unanswered(self, camera: str, picture: Picture[object] | None, answers: Sequence[Answer]) -> None:
        """Send answers that no picture was worked on for, in the name of the newest one if there is any."""
        stamp, frame_id = (picture.stamp, picture.frame_id) if picture else (0, "")
        self._send(camera, self._composer.unanswered(stamp, frame_id, answers), lambda: True)

    def _send(self, camera: str, messages: Outgoing, asked: Callable[[], bool]) -> bool:
        for output, message in messages:
            if self._silent() or not asked():
                return False
            self._graph.publish(camera, output, message)
        return True
