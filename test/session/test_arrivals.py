from __future__ import annotations

import pytest

from ssp_sam_ros.session.arrivals import Arrivals


def arrivals(*times: float) -> Arrivals:
    kept = Arrivals()
    for time in times:
        kept.add(time)
    return kept


@pytest.mark.parametrize(
    ("times", "last_good"),
    [
        ((10.0,), 13.0),
        ((10.0, 10.1, 10.2), 13.2),
        ((10.0, 15.0, 20.0), 35.0),  # every 5 s
        ((10.0, 10.1, 10.2, 3000.0), 3003.0),  # a long pause does not make it a slow camera
    ],
)
def test_silence_counts_after_three_seconds_or_three_intervals(
    times: tuple[float, ...], last_good: float
) -> None:
    kept = arrivals(*times)
    assert kept.going_on(times[-1])
    assert kept.going_on(last_good - 0.01)
    assert not kept.going_on(last_good + 0.01)


def test_before_the_first_nothing_goes_on() -> None:
    assert not arrivals().going_on(0.0)
