"""Decisions about pictures, on a clock that the test turns by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.requests import Request
from ssp_sam_ros.session.schedule import Limits, Picture, Schedule

T = 1_000 * SECOND


def at(seconds: float) -> int:
    return T + round(seconds * SECOND)


def picture(seconds: float, name: str = "", received: float | None = None) -> Picture[str]:
    """Stamped `seconds`; received at that time, too, unless told otherwise."""
    received = seconds if received is None else received
    return Picture(at(seconds), "camera", name or f"{seconds}", at(received), arrival=0.0)


def asked(seconds: float, *texts: str) -> tuple[Request, ...]:
    return tuple(Request(text, str(i), at(seconds)) for i, text in enumerate(texts or ("the red mug",)))


@pytest.fixture
def schedule() -> Schedule[str]:
    return Schedule(Limits(max_image_age=0.5))


def test_nothing_is_done_without_a_request(schedule: Schedule[str]) -> None:
    schedule.offer(picture(0))
    assert schedule.take(at(0)) is None


def test_the_first_picture_stamped_at_or_after_the_request(schedule: Schedule[str]) -> None:
    schedule.offer(picture(0.9))
    schedule.set_requests(asked(1.0))
    assert schedule.take(at(1.0)) is None
    schedule.offer(picture(1.0, "equal"))
    taken = schedule.take(at(1.01))
    assert taken is not None and taken.payload == "equal"


def test_a_picture_waiting_since_before_the_request_arrived_is_used_if_stamped_late_enough(
    schedule: Schedule[str],
) -> None:
    schedule.offer(picture(1.2))
    schedule.set_requests(asked(1.1))
    assert schedule.take(at(1.3)) is not None


def test_a_picture_used_for_other_requests_is_used_again_if_stamped_late_enough(
    schedule: Schedule[str],
) -> None:
    schedule.set_requests(asked(0.0, "a"))
    schedule.offer(picture(0.3))
    assert schedule.take(at(0.3)) is not None
    schedule.set_requests(asked(0.31, "b"))
    assert schedule.take(at(0.35)) is None
    schedule.set_requests(asked(0.3, "c"))
    taken = schedule.take(at(0.35))
    assert taken is not None and taken.stamp == at(0.3)
    schedule.set_requests(asked(0.3, "c"))  # an array sent again and again, with a fixed stamp
    assert schedule.take(at(0.4)) is None


def test_every_new_picture_is_used_once(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0))
    for second in (0.1, 0.2, 0.3):
        schedule.offer(picture(second))
        taken = schedule.take(at(second))
        assert taken is not None and taken.stamp == at(second)
        assert schedule.take(at(second)) is None
    assert schedule.counters.started == 3
    assert schedule.counters.dropped == 0


def test_the_newest_wins_and_the_others_are_counted(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0))
    for second in (0.1, 0.2, 0.3, 0.4):
        schedule.offer(picture(second))
    taken = schedule.take(at(0.4))
    assert taken is not None and taken.stamp == at(0.4)
    assert schedule.take(at(0.4)) is None
    assert (schedule.counters.received, schedule.counters.started, schedule.counters.dropped) == (4, 1, 3)


def test_pictures_that_nobody_waits_for_are_not_drops(schedule: Schedule[str]) -> None:
    schedule.offer(picture(0.0))
    schedule.offer(picture(0.1))
    schedule.set_requests(asked(0.2))
    schedule.offer(picture(0.2))  # the one before is too old for the request
    schedule.offer(picture(0.3), needed=False)
    assert schedule.counters.dropped == 0


def test_an_empty_request_clears(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0))
    schedule.set_requests(())
    schedule.offer(picture(0.1))
    assert schedule.take(at(0.1)) is None
    assert not schedule.newly_stale(at(100))


def test_rate_limit(schedule: Schedule[str]) -> None:
    schedule.limits = Limits(max_rate=5.0)
    schedule.set_requests(asked(0))
    schedule.offer(picture(0.0))
    assert schedule.take(at(0.0)) is not None
    schedule.offer(picture(0.1))
    assert schedule.wait(at(0.1)) == pytest.approx(0.1)
    assert schedule.take(at(0.1)) is None
    schedule.offer(picture(0.15))
    taken = schedule.take(at(0.2))
    assert taken is not None and taken.stamp == at(0.15)
    assert schedule.counters.dropped == 1


def test_a_picture_that_has_grown_too_old_is_not_used(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0))
    schedule.offer(picture(0.1))
    assert schedule.take(at(0.7)) is None


def test_stale_once_per_transition(schedule: Schedule[str]) -> None:
    schedule.offer(picture(0.0))
    schedule.set_requests(asked(0.0))
    assert not schedule.newly_stale(at(0.5))
    assert schedule.newly_stale(at(0.51))
    assert not schedule.newly_stale(at(0.6))
    schedule.offer(picture(0.7))
    assert not schedule.newly_stale(at(0.8))
    assert schedule.newly_stale(at(1.3))
    assert not schedule.newly_stale(at(9.0))
    assert schedule.counters.stale == 2


def test_stale_again_for_a_new_request(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0.0, "a"))
    assert schedule.newly_stale(at(0.1))
    schedule.set_requests(asked(0.2, "b"))
    assert schedule.newly_stale(at(0.2))
    assert not schedule.newly_stale(at(0.3))


def test_the_same_request_once_more_is_not_stale_anew(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0.0, "a"))
    assert schedule.newly_stale(at(0.1))
    schedule.set_requests(schedule.requests)
    schedule.set_requests(asked(0.2, "a"))  # with a stamp of its own
    assert not schedule.newly_stale(at(0.3))
    schedule.set_requests(())
    schedule.set_requests(asked(0.4, "a"))
    assert schedule.newly_stale(at(0.4))
    assert schedule.counters.stale == 2


def test_no_picture_at_all_is_stale_at_once(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0.0))
    assert schedule.newly_stale(at(0.0))
    assert schedule.age(at(0.0)) is None


def test_a_picture_stamped_ahead_grows_old_from_its_arrival(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0.0))
    assert schedule.ahead() == 0.0
    schedule.offer(picture(5.0, received=0.1))
    assert not schedule.newly_stale(at(0.5))
    assert schedule.fresh_since(at(0.0), at(0.6)) is not None
    assert schedule.age(at(0.5)) == pytest.approx(0.4)
    assert schedule.ahead() == pytest.approx(4.9)
    assert schedule.newly_stale(at(0.7))
    assert schedule.take(at(0.7)) is None
    assert schedule.fresh_since(at(0.0), at(0.7)) is None


def test_a_picture_that_arrives_late_is_as_old_as_its_stamp(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0.0))
    schedule.offer(picture(0.1, received=0.5))
    assert schedule.age(at(0.5)) == pytest.approx(0.4)
    assert schedule.ahead() == 0.0
    assert schedule.take(at(0.7)) is None


def test_a_clock_that_jumps_back_resets_ages(schedule: Schedule[str]) -> None:
    schedule.limits = Limits(max_image_age=0.5, max_rate=1.0)
    schedule.set_requests(asked(100.0))
    schedule.offer(picture(100.1))
    assert schedule.take(at(100.1)) is not None
    schedule.clock_jumped_back(at(0.0))
    assert not schedule.newly_stale(at(0.4))  # the camera has max_image_age to begin anew
    schedule.offer(picture(0.3))
    taken = schedule.take(at(0.3))  # neither the request's stamp nor the last start holds it back
    assert taken is not None
    assert schedule.newly_stale(at(0.9))


def test_equal_stamps_after_a_jump_are_different_pictures(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0.0))
    schedule.offer(picture(0.1))
    first = schedule.take(at(0.1))
    schedule.clock_jumped_back(at(0.0))
    schedule.offer(picture(0.1))
    second = schedule.take(at(0.1))
    assert first is not None and second is not None
    assert first.epoch != second.epoch


def test_stamps_that_run_backwards_start_a_new_epoch(schedule: Schedule[str]) -> None:
    schedule.set_requests(asked(0.0))
    schedule.offer(picture(0.4))
    first = schedule.take(at(0.4))
    schedule.offer(picture(0.2))
    second = schedule.take(at(0.4))
    assert first is not None and second is not None
    assert second.epoch == first.epoch + 1


@given(
    events=st.lists(
        st.tuples(st.sampled_from(["picture", "request", "clear", "take", "stale"]), st.integers(1, 400)),
        max_size=60,
    )
)
def test_invariants(events: list[tuple[str, int]]) -> None:
    """Whatever happens: no picture twice, none older than the request, every picture accounted for."""
    schedule: Schedule[str] = Schedule(Limits(max_image_age=0.5))
    now, used = T, []
    for kind, step in events:
        now += step * SECOND // 1000
        if kind == "picture":
            schedule.offer(Picture(now, "", str(now), now, 0.0))
        elif kind == "request":
            schedule.set_requests((Request("x", "1", now),))
        elif kind == "clear":
            schedule.set_requests(())
        elif kind == "take":
            taken = schedule.take(now)
            if taken is not None:
                assert schedule.requests and taken.stamp >= schedule.requests[0].stamp
                assert now - taken.stamp <= SECOND // 2
                used.append(taken.stamp)
        elif schedule.newly_stale(now):
            assert schedule.requests
            assert schedule.newest is None or now - schedule.newest.stamp > SECOND // 2
    assert len(set(used)) == len(used) == schedule.counters.started
    assert schedule.counters.started + schedule.counters.dropped <= schedule.counters.received
