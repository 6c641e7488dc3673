"""The other end of the node's topics: asks for expressions and collects what comes back."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from ssp_sam_ros.dds.graph import NodeWatch
from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.dds.participant import Participant
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.topics import TOPICS, Topic
from ssp_sam_ros.session.diagnostics import Level
from ssp_sam_ros.session.messages import MessageBuilder, nanoseconds_of
from ssp_sam_ros.session.requests import LONGEST_EXPRESSION

_SPIN = 0.05  # seconds between looks at `stop` and the deadline
_SETTLE = (
    0.2  # seconds; discovery is not symmetric: the node learns of this process's subscriptions meanwhile
)
_OVERLAYS = 4  # kept at once
_OVERLAY_PATIENCE = 1.0  # seconds; the overlay leaves the node before the result it belongs to


class Operator:
    """Speaks to one perception node."""

    def __init__(self, names: NodeNames, node: NodeNames, camera: str = "", overlays: bool = False) -> None:
        """Join the graph.

        Args:
            names: of this process.
            node: name, namespace and remapping rules of the perception node.
            camera: which one's results, where the node has several.
            overlays: also have the node draw its answers.
        """
        self.node = node
        self._builder = MessageBuilder(make)
        self._results: list[Any] = []
        self._overlays: OrderedDict[int, Any] = OrderedDict()
        self._complaints: dict[str, str] = {}
        self._participant = Participant(names)
        self._nodes = NodeWatch(self._participant.domain)

        def subscribe(topic: Topic, callback: Callable[[Any], None]) -> Any:
            name = node.resolve(topic.name_for(camera))
            return self._participant.subscription(name, topic.type, topic.qos, callback)

        def publisher(topic: Topic) -> Any:
            return self._participant.publisher(node.resolve(topic.name), topic.type, topic.qos)

        self._result_topic = node.resolve(TOPICS["result"].name_for(camera))
        self._result_subscription = subscribe(TOPICS["result"], self._results.append)
        if overlays:
            subscribe(TOPICS["overlay"], self._keep_overlay)
        subscribe(TOPICS["diagnostics"], self._keep_complaints)
        self._one = publisher(TOPICS["referring_expression"])
        self._several = publisher(TOPICS["expressions"])
        self._participant.announce()

    def wait_for_node(self, stop: Callable[[], bool]) -> bool:
        """Spin until the node listens and its results reach this process; False where `stop` came first."""
        while not (
            self._one.subscriptions()
            and self._several.subscriptions()
            and self._result_subscription.publishers()
        ):
            if stop():
                return False
            self._participant.spin_once(_SPIN)
        settled = time.monotonic() + _SETTLE
        while time.monotonic() < settled and not stop():
            self._participant.spin_once(_SPIN)
        return True

    def ask(self, expressions: Sequence[str]) -> Callable[[Any], int | None]:
        """Ask for expressions, all on one picture.

        They have ids of their own: what is active already is asked for anew, so that who asks is told, also
        that there is no fresh picture. A plain text once more would change nothing.

        Returns:
            A function that finds the index of the expression that a ReferringResult answers, None where it
            answers none of these.
        """
        self._results.clear()
        prefix = f"say-{uuid.uuid4().hex[:8]}-"
        ids = [f"{prefix}{index}" for index in range(len(expressions))]
        self._several.publish(self._builder.expressions(self._builder.header(0, ""), ids, expressions))
        if len(expressions) == 1:
            # By its text: somebody else may ask the same meanwhile, under another id. One that is too long
            # comes back cut, with the refusal.
            answered = expressions[0].strip()[:LONGEST_EXPRESSION]
            return lambda message: 0 if message.expression == answered else None
        return lambda message: ids.index(message.expression_id) if message.expression_id in ids else None

    def clear(self) -> None:
        """Tell the node to look for nothing any more, and wait until it has heard."""
        self._one.publish(self._builder.text(""))
        self._one.flush()

    def results(self, wait: float = _SPIN) -> list[Any]:
        """The ReferringResult messages since the last call; waits at most `wait` seconds for one."""
        if not self._results:
            self._participant.spin_once(wait)
        taken, self._results[:] = list(self._results), []
        return taken

    def overlay(self, result: Any) -> Any | None:
        """The node's drawing of the picture of a result, None where it does not come in time."""
        stamp = nanoseconds_of(result.header.stamp)
        deadline = time.monotonic() + _OVERLAY_PATIENCE
        while stamp not in self._overlays and time.monotonic() < deadline:
            self._participant.spin_once(_SPIN)
        return self._overlays.get(stamp)

    def explain_silence(self) -> str:
        """One line on why no answer comes, as far as it shows from here."""
        if not self._result_subscription.publishers():
            others = [name for name in self._nodes.names() if name != self._participant.names.full_name]
            if self.node.full_name in others:
                return (
                    f"{self.node.full_name} is there but has no {self._result_topic}; "
                    "with several cameras, say which one"
                )
            seen = f"nodes seen: {', '.join(others)}" if others else "no other node is seen either"
            return f"there is no node {self.node.full_name} in this ROS_DOMAIN_ID ({seen})"
        if self._complaints:
            return f"{self.node.full_name} says: {'; '.join(self._complaints.values())}"
        return f"{self.node.full_name} is there but has not answered"

    def close(self) -> None:
        """Leave the graph."""
        self._nodes.close()
        self._participant.close()

    def _keep_overlay(self, message: Any) -> None:
        self._overlays[nanoseconds_of(message.header.stamp)] = message
        while len(self._overlays) > _OVERLAYS:
            self._overlays.popitem(last=False)

    def _keep_complaints(self, message: Any) -> None:
        for status in message.status:
            if status.name.startswith(f"{self.node.node}: "):
                if status.level == Level.OK.value:
                    self._complaints.pop(status.name, None)
                else:
                    self._complaints[status.name] = status.message
