"""A request with what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.session.requests import Request


@dataclass(frozen=True)
class Answer:
    """A request and its result on one picture."""

    request: Request
    result: Result


def without_answer(
    request: Request, outcome: Outcome, reason: str, model: str, weights_digest: str
) -> Answer:
    """The answer FAILED or STALE, with its reason."""
    result = Result(
        request.expression, request.id, outcome, reason, model=model, weights_digest=weights_digest
    )
    return Answer(request, result)


def with_waiting_time(answer: Answer, queue: float, total: float) -> Answer:
    """The same answer with the time since the picture's arrival; `queue` and `total` in seconds."""
    times = replace(answer.result.times, queue=queue * 1e3, total=total * 1e3)
    return replace(answer, result=replace(answer.result, times=times))
