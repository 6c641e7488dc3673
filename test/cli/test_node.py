"""`ssp-sam node` as a process: what happens before it joins the graph."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("cyclonedds", reason="needs the extra dds")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_loading_ends_it_at_once_and_quietly(
    ssp_sam: Callable[..., Any], number: signal.Signals
) -> None:
    node = ssp_sam("node", "--weights", "random", "--device", "cpu")
    node.wait_for_log("loading")
    assert node.end(number) == 1
    assert "Traceback" not in node.log
    assert "ready" not in node.log


def test_weights_that_are_not_there_are_one_line(ssp_sam: Callable[..., Any]) -> None:
    """The error comes out of the thread that loads."""
    node = ssp_sam("node", "--weights", "nowhere.safetensors", "--ros-args", "-p", "threads:=1")
    assert node.finish()[0] == 1
    assert "ssp-sam node: error: " in node.log and "nowhere.safetensors" in node.log
    assert "Traceback" not in node.log
