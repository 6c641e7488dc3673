"""The services of the node: `~/segment` and `~/enable`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future

from ssp_sam_ros.interface.topics import SERVICES
from ssp_sam_ros.ros.conversion import raw_decoder
from ssp_sam_ros.ros.messages import message_class
from ssp_sam_ros.session.calls import ENDING, Reply
from ssp_sam_ros.session.session import Session


class Services:
    """Both services of one node, for one session."""

    def __init__(self, node: Any, session: Session, enable: Callable[[bool], str]) -> None:
        """Create them.

        Args:
            node: of rclpy.
            session: answers.
            enable: switches inference on or off and says what that means at present.
        """
        self._node = node
        self._session = session
        self._enable = enable
        self._decode = raw_decoder()
        # A call waits for its answer; in a group of its own it keeps no other callback from running.
        group = ReentrantCallbackGroup()
        takers = {"segment": self._take_segment, "enable": self._take_enable}
        self._services: list[Any] = []
        self._pending: set[Any] = set()
        self._closed = False
        with ExitStack() as made:
            made.callback(self._destroy)  # where one fails, the one before it leaves again
            for service in SERVICES.values():
                self._services.append(
                    node.create_service(
                        message_class(service.type), service.name, takers[service.key], callback_group=group
                    )
                )
            made.pop_all()

    async def _take_segment(self, request: Any, response: Any) -> Any:
        answered: Any = Future()
        executor = self._node.executor

        def finish(reply: Reply) -> None:
            answered.set_result(reply)
            executor.wake()  # the future is looked at when the executor wakes up

        self._pending.add(answered)
        if self._closed:
            finish(Reply(failure=ENDING))
        else:
            own = request.image.height > 0 and request.image.width > 0
            self._session.inputs.segment(
                request.expressions, finish, request.camera, request.image if own else None, self._decode
            )
        reply = await answered
        self._pending.remove(answered)
        if self._closed and not self._pending:
            executor.create_task(self._destroy)  # a later turn: rclpy sends this answer when it has returned
        response.success = not reply.failure
        response.message = reply.failure
        response.results = list(reply.results)
        return response

    def _take_enable(self, request: Any, response: Any) -> Any:
        response.message = self._enable(request.data)
        response.success = True
        return response

    def close(self) -> None:
        """Leave, with those who still wait answered first; rclpy cannot answer for a destroyed service."""
        self._closed = True
        for answered in self._pending:
            if not answered.done():  # the worker was too busy and is left behind
                answered.set_result(Reply(failure=ENDING))
        if not self._pending:
            self._destroy()

    def _destroy(self) -> None:
        for service in self._services:
            self._node.destroy_service(service)
        self._services.clear()
