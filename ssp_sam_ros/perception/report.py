"""From the network's answer to the result that a caller gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ssp_sam_ros.perception.answering import Answer, StageClock
from ssp_sam_ros.perception.expressions import Reading
from ssp_sam_ros.perception.frame import Frame
from ssp_sam_ros.perception.result import Outcome, Result, StageTimes


def report(
    blank: Result, reading: Reading, frame: Frame, answers: Mapping[bytes, Answer], clock: StageClock
) -> Result:
    """The result of one expression on one picture.

    Args:
        blank: a FAILED result that names expression, id and model.
        reading: of the expression.
        frame: the picture.
        answers: to the readings that the network was asked about, by key.
        clock: what the stages took.
    """
    result = replace(blank, embedding_cached=frame.embedding_cached)
    if reading.refusal:
        return replace(result, reason=reading.refusal, unknown_words=reading.unknown_words)
    answer = answers[reading.key]
    verdict = answer.verdict
    total_ms = frame.encoding_ms + clock.prompt + clock.decode
    return replace(
        result,
        outcome=verdict.outcome,
        reason=verdict.reason,
        mask=verdict.mask,
        box=verdict.box,
        network_box=blank.network_box if verdict.outcome is Outcome.FAILED else answer.network_box,
        score=verdict.score,
        no_target_probability=verdict.no_target_probability,
        times=StageTimes(0.0, frame.encoding_ms, clock.prompt, clock.decode, total_ms),
        warnings=(*reading.warnings, *blank.warnings),
    )
