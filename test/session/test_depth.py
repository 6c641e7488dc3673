from __future__ import annotations

import threading

import pytest

from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.depth import DepthBuffer, MissingDepthError
from ssp_sam_ros.session.points import Pinhole


def test_the_closest_depth_within_the_offset() -> None:
    buffer = DepthBuffer()
    assert buffer.match(0).message(1.0) is None
    for i in range(100):
        buffer.add(i * SECOND, f"depth {i}")
    match = buffer.match(round(98.4 * SECOND))
    assert match.message(0.5) == "depth 98"
    assert match.message(0.3) is None
    assert buffer.match(50 * SECOND).message(1.0) is None  # long forgotten


def test_depth_that_comes_while_a_picture_is_worked_on_counts_however_much_follows() -> None:
    buffer = DepthBuffer()
    buffer.add(0, "before")
    match = buffer.match(SECOND // 30)
    for i in range(1, 1000):
        buffer.add(i * SECOND // 30, f"depth {i}")
    assert match.message(0.05) == "depth 1"


def test_the_right_depth_is_waited_for_where_only_its_neighbour_is_there() -> None:
    buffer = DepthBuffer()
    buffer.add(0, "neighbour")
    match = buffer.match(SECOND // 30)
    late = threading.Timer(0.05, buffer.add, (SECOND // 30, "its own"))
    late.start()
    assert match.message(0.05, patience=10) == "its own"
    late.join()


def test_depth_that_the_next_one_cannot_better_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Depth of 30 Hz that is always stamped 5 ms before the picture."""
    buffer = DepthBuffer()
    for i in range(3):
        buffer.add(i * SECOND // 30, f"depth {i}")
    match = buffer.match(2 * SECOND // 30 + SECOND // 200)
    monkeypatch.setattr(match._changed, "wait", lambda timeout: pytest.fail("waits"))
    assert match.message(0.05, patience=10) == "depth 2"


@pytest.mark.parametrize("last", [None, -2 * SECOND, 1])
def test_nothing_is_waited_for_in_vain(last: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without depth, with depth that has ended, and where no closer one can come."""
    buffer = DepthBuffer()
    if last is not None:
        buffer.add(last, "depth")
    match = buffer.match(0)
    monkeypatch.setattr(match._changed, "wait", lambda timeout: pytest.fail("waits"))
    assert match.message(0.05, patience=10) == ("depth" if last == 1 else None)


def test_forgotten_depth_is_not_found() -> None:
    buffer = DepthBuffer()
    buffer.add(0, "depth")
    match = buffer.match(SECOND)
    buffer.clear()
    buffer.add(SECOND, "of another time")
    assert match.message(0.5) is None
    assert buffer.match(0).message(0.5) is None


def test_a_match_ends() -> None:
    buffer = DepthBuffer()
    match = buffer.match(0)
    assert buffer.matching
    buffer.done()
    assert not buffer.matching
    buffer.add(0, "late")
    assert match.message(1.0) is None


def test_a_space_needs_depth_and_calibration() -> None:
    buffer = DepthBuffer()
    with pytest.raises(MissingDepthError, match="camera_info"):
        buffer.space(buffer.match(0), 0.05, 0.0)
    buffer.camera = Pinhole(100.0, 100.0, 2.0, 1.0)
    with pytest.raises(MissingDepthError, match="no depth picture within depth_max_offset"):
        buffer.space(buffer.match(0), 0.05, 0.0)
