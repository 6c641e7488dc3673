from __future__ import annotations

from ssp_sam_ros.perception.result import Outcome, Result, StageTimes
from ssp_sam_ros.session.statistics import Statistics


def test_nothing_answered_yet() -> None:
    assert Statistics().values() == {}


def test_percentiles_and_cache_hits() -> None:
    statistics = Statistics()
    for milliseconds in range(101):
        times = StageTimes(image_encoding=float(milliseconds), total=2.0 * milliseconds)
        cached = milliseconds >= 76
        statistics.add(Result("", "", Outcome.FOUND, times=times, embedding_cached=cached))
    values = statistics.values()
    assert values["image encoding p50, p99"] == "50.0, 99.0 ms"
    assert values["total p50, p99"] == "100.0, 198.0 ms"
    assert values["embeddings from the cache"] == "25 %"


def test_old_ones_are_forgotten() -> None:
    statistics = Statistics()
    for milliseconds in [1000.0] * 10 + [1.0] * 256:
        statistics.add(Result("", "", Outcome.FOUND, times=StageTimes(decode=milliseconds)))
    assert statistics.values()["decode p50, p99"] == "1.0, 1.0 ms"
