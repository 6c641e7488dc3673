"""What the long-running commands share: log lines as ROS prints them, and a quiet end on a signal."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_sam_ros.interface.ros_arguments import RosArguments

_LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "error": "ERROR", "fatal": "CRITICAL"}


def set_up_logging(node: str, ros: RosArguments | None) -> None:
    """Log to stderr, one line a message, at the level of `--log-level`.

    Raises:
        ValueError: there is no such level.
    """
    level = (ros.log_level if ros else None) or "info"
    if level not in _LEVELS:
        raise ValueError(f"--log-level must be one of {', '.join(_LEVELS)}, not {level!r}")
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format=f"[%(levelname)s] [%(created).3f] [{node}]: %(message)s",
        force=True,
    )
    logging.getLogger("ssp_sam").setLevel(_LEVELS[level])


def interrupt_on_signals() -> None:
    """SIGINT and SIGTERM raise KeyboardInterrupt, also where the shell has SIGINT ignored (after `&`)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set, also where the shell has SIGINT ignored (after `&`)."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop
