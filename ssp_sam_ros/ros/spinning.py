"""Callbacks until a signal."""

from __future__ import annotations

import signal

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

_LOOK = 0.5  # seconds between looks at whether a signal has come


def spin(node: Node) -> None:
    """Carry out a node's callbacks until a signal or the end of the context; from then on SIGINT is ignored.

    rclpy's own `spin` waits without a limit, and overlooks a signal that comes right before it waits: the
    process would go on until its next message.
    """
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while rclpy.ok():
            executor.spin_once(timeout_sec=_LOOK)
    except (KeyboardInterrupt, ExternalShutdownException):
        # A second one must not fall into the executor's own clearing up, where nobody could catch it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
