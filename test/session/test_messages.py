from __future__ import annotations

import pytest

from ssp_sam_ros.dds.messages import deserialize, make, serialize
from ssp_sam_ros.session.messages import MessageBuilder, nanoseconds_of

HEADER = "std_msgs/msg/Header"


@pytest.mark.parametrize("sec", [0, 1, -1, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("nanosec", [0, 999_999_999])
def test_a_stamp_is_handed_on_unchanged(sec: int, nanosec: int) -> None:
    stamp = make("builtin_interfaces/msg/Time", sec=sec, nanosec=nanosec)
    header = MessageBuilder(make).header(nanoseconds_of(stamp), "")
    assert deserialize(serialize(header, HEADER), HEADER).stamp == stamp


def test_a_stamp_that_is_no_time_can_still_be_answered() -> None:
    stamp = make("builtin_interfaces/msg/Time", sec=2**31 - 1, nanosec=2**32 - 1)
    header = MessageBuilder(make).header(nanoseconds_of(stamp), "")
    last = deserialize(serialize(header, HEADER), HEADER).stamp
    assert (last.sec, last.nanosec) == (2**31 - 1, 999_999_999)
