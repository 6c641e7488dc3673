"""Asks the perception node for things, and has the simulated robot take them."""

from __future__ import annotations

import json
import math
import os
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from moments import Moments
from numpy.typing import NDArray
from top_grasp import CameraPose, NoGrasp, plan_top_grasp

from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.dds.participant import Participant
from ssp_sam_ros.interface.image_codec import decode_array, decode_depth
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import COMMAND_INPUT, QoS
from ssp_sam_ros.interface.topics import TOPICS
from ssp_sam_ros.session.clock import system_clock
from ssp_sam_ros.session.messages import MessageBuilder, nanoseconds_of
from ssp_sam_ros.session.points import Pinhole
from ssp_sam_ros.sim.robot.grasp import TopGrasp

OUTCOMES = {1: "FOUND", 2: "NO_TARGET", 3: "FAILED", 4: "STALE"}
WORLD = "world"
_SPIN = 0.05
_SETTLE = 0.3  # seconds; discovery is not symmetric
_DEPTH_PATIENCE = 1.0  # seconds for the depth of an answer's picture, which left before the picture itself
_REMEMBERED = 1000  # askings that have been acted on
# The depth of one very picture is needed, so none may be lost on the way; the simulator sends reliably, too.
_EVERY_PICTURE = QoS("reliable", depth=30)


class TimeIsUpError(RuntimeError):
    """Nobody answered in time; the text says who did not."""


@dataclass(frozen=True)
class Answer:
    """A ReferringResult; where it is FOUND, with depth and calibration (Image, CameraInfo) of its picture."""

    result: Any
    depth: Any = None
    info: Any = None


class Picker:
    """Speaks to the perception node and to the simulated robot.

    Args:
        patience: seconds for the graph, for an answer and for a grasp, each.
        watch: called all the time while something is waited for; what it raises ends the waiting.
    """

    def __init__(self, patience: float, watch: Callable[[], object] = lambda: None) -> None:
        """Join the graph."""
        node = NodeNames("ssp_sam")
        self.patience = patience
        self._watch = watch
        self._builder = MessageBuilder(make)
        self._participant = Participant(NodeNames(f"pick_and_say_{os.getpid()}"))
        self._results: deque[Any] = deque()
        self._reports: deque[dict[str, Any]] = deque()
        self._moments = Moments(patience)
        self._poses: dict[str, CameraPose] = {}
        self._asking = False
        self._spoken = ""  # the last sentence on the topic for single ones
        self._done: deque[tuple[str, int]] = deque(maxlen=_REMEMBERED)
        self._put_off: tuple[str, int] | None = None
        self._still_since = 0  # nanoseconds: when the robot last came to rest
        subscribe, publish = self._participant.subscription, self._participant.publisher
        result, text, several = TOPICS["result"], TOPICS["referring_expression"], TOPICS["expressions"]
        subscribe(node.resolve(text.name), text.type, text.qos, self._on_sentence)
        self._answers = subscribe(node.resolve(result.name), result.type, result.qos, self._results.append)
        subscribe("/camera/depth/image_raw", "sensor_msgs/msg/Image", _EVERY_PICTURE, self._moments.add_depth)
        subscribe("/camera/camera_info", "sensor_msgs/msg/CameraInfo", _EVERY_PICTURE, self._moments.add_info)
        latched = QoS("reliable", depth=1, durability="transient_local")
        subscribe("/tf_static", "tf2_msgs/msg/TFMessage", latched, self._on_transforms)
        subscribe("/grasp/report", "std_msgs/msg/String", COMMAND_INPUT, self._on_report)
        self._expressions = publish(node.resolve(several.name), several.type, several.qos)
        self._openings = publish("/gripper/opening", "std_msgs/msg/Float64", COMMAND_INPUT)
        self._grasps = publish("/grasp", "geometry_msgs/msg/PoseStamped", COMMAND_INPUT)
        self._participant.announce()

    def connect(self) -> None:
        """Wait for the node and the robot; raises TimeIsUpError."""
        self._until(
            lambda: self._expressions.subscriptions() and self._answers.publishers(), "no `ssp-sam node`"
        )
        self._until(lambda: self._grasps.subscriptions() and self._poses, "no `ssp-sam sim`")
        settled = time.monotonic() + _SETTLE
        while time.monotonic() < settled:
            self._spin()

    def ask(self, sentence: str) -> Answer:
        """The node's answer to this very asking, which is over then; the same sentence may be asked again.

        Raises:
            ValueError: the sentence is empty.
            TimeIsUpError: there is no answer.
        """
        text = sentence.strip()
        if not text:
            raise ValueError("an empty sentence asks for nothing")
        name = f"pick-{uuid.uuid4().hex}"
        self._moments.clear()  # only pictures from now on count
        self._results.clear()
        self._asking = True
        self._expressions.publish(self._builder.expressions(self._builder.header(0, ""), [name], [text]))
        answer = self._answer(lambda r: r.expression_id == name, self.patience)
        self.clear()
        return answer

    def heard(self) -> Iterator[Answer]:
        """Answers to sentences that others publish, such as `ssp-sam listen`, one an asking, for ever.

        An asking is over with its answer, before anything moves. What is asked while the robot moves is
        answered afterwards: pictures taken until then do not count.
        """
        while True:
            answer = self._answer(self._counts)
            self._done.append(_asking_of(answer.result))
            self.clear()
            self._participant.spin_once(0.0)
            if self._spoken not in ("", answer.result.expression):
                _say(f"{self._spoken!r} came just as {answer.result.expression!r} was answered: say it again")
            self._spoken = ""
            yield answer

    def clear(self) -> None:
        """Tell the node to look for nothing any more."""
        self._expressions.publish(self._builder.expressions(self._builder.header(0, ""), [], []))
        self._expressions.flush()
        self._asking = False

    def act(self, answer: Answer) -> dict[str, Any]:
        """Grasp what an answer found, if it found something, and tell what became of it."""
        result = answer.result
        told: dict[str, Any] = {
            "sentence": result.expression,
            "outcome": OUTCOMES[result.outcome],
            "moved": False,
            "removed": [],
            "reason": result.reason,
        }
        if result.outcome != result.FOUND:
            return told
        try:
            grasp = self._plan(answer)
        except (NoGrasp, ValueError) as error:
            return told | {"reason": f"no grasp: {error}"}
        report = self._command(grasp)
        moved = report["outcome"] != "UNREACHABLE"
        return (
            told
            | {"moved": moved, "grasp": report["outcome"], "removed": report["removed"]}
            | {"reason": report["reason"]}
        )

    def close(self) -> None:
        """Leave the graph; a sentence of this process that is still being looked for is not any more."""
        if self._asking:
            self.clear()
        self._participant.close()

    def _answer(self, counts: Callable[[Any], bool], patience: float = math.inf) -> Answer:
        """The first result that counts and, where it is FOUND, whose picture has depth."""
        deadline, missing = time.monotonic() + patience, "answer from the node"
        while True:
            while not (self._results and counts(self._results[0])):
                if self._results:
                    self._results.popleft()
                elif time.monotonic() > deadline:
                    raise TimeIsUpError(f"no {missing} within {patience:g} s")
                else:
                    self._spin()
            result = self._results.popleft()
            if result.outcome != result.FOUND:
                return Answer(result)
            stamp, last = nanoseconds_of(result.header.stamp), time.monotonic() + _DEPTH_PATIENCE
            while (moment := self._moments.of(stamp)) is None and time.monotonic() < last:
                self._spin()
            if moment is not None:
                return Answer(result, *moment)
            missing = "depth with the stamp of an answer's picture"
            _say(f"there is no {missing} to {result.expression!r}; waiting for the next answer")

    def _counts(self, result: Any) -> bool:
        """Whether a result is of an asking that is not over, on a picture of a robot at rest."""
        asking, stamp = _asking_of(result), nanoseconds_of(result.header.stamp)
        if asking in self._done:
            return False
        if 0 < stamp < self._still_since:  # 0: there was no picture
            if asking != self._put_off:
                self._put_off = asking
                _say(f"not acting on {result.expression!r} by a picture from before the robot came to rest")
            return False
        return True

    def _plan(self, answer: Answer) -> TopGrasp:
        frame = answer.result.header.frame_id
        if frame not in self._poses:
            raise ValueError(f"/tf_static does not say where {frame!r} is")
        return plan_top_grasp(
            decode_array(answer.result.mask),
            decode_depth(answer.depth),
            Pinhole.from_camera_info(answer.info),
            self._poses[frame],
        )

    def _command(self, grasp: TopGrasp) -> dict[str, Any]:
        """Send the opening, then the pose, and wait for the report."""
        self._openings.publish(make("std_msgs/msg/Float64", data=grasp.opening))
        self._openings.flush()
        header = self._builder.header(system_clock(), WORLD)
        x, y, z = grasp.position
        # half a turn about an axis in the table's plane: the gripper's z points down, its x along the yaw
        qx, qy = float(np.cos(grasp.yaw / 2)), float(np.sin(grasp.yaw / 2))
        pose = make(
            "geometry_msgs/msg/Pose",
            position=make("geometry_msgs/msg/Point", x=x, y=y, z=z),
            orientation=make("geometry_msgs/msg/Quaternion", x=qx, y=qy, z=0.0, w=0.0),
        )
        self._grasps.publish(make("geometry_msgs/msg/PoseStamped", header=header, pose=pose))
        stamp = [header.stamp.sec, header.stamp.nanosec]
        self._until(lambda: any(r["stamp"] == stamp for r in self._reports), "no report from the robot")
        self._still_since = system_clock()
        return next(r for r in self._reports if r["stamp"] == stamp)

    def _until(self, ready: Callable[[], object], otherwise: str) -> None:
        deadline = time.monotonic() + self.patience
        while not ready():
            if time.monotonic() > deadline:
                raise TimeIsUpError(f"{otherwise} within {self.patience:g} s")
            self._spin()

    def _spin(self) -> None:
        self._watch()
        self._participant.spin_once(_SPIN)

    def _on_sentence(self, message: Any) -> None:
        self._spoken = message.data.strip()

    def _on_report(self, message: Any) -> None:
        self._reports.append(json.loads(message.data))

    def _on_transforms(self, message: Any) -> None:
        for item in message.transforms:
            if item.header.frame_id == WORLD:
                t, q = item.transform.translation, item.transform.rotation
                self._poses[item.child_frame_id] = CameraPose(
                    np.array([t.x, t.y, t.z]), _axes(q.x, q.y, q.z, q.w)
                )


def _asking_of(result: Any) -> tuple[str, int]:
    """What tells askings apart, also across a restart of the node, which counts its ids from one again."""
    return result.expression_id, nanoseconds_of(result.expression_stamp)


def _axes(x: float, y: float, z: float, w: float) -> NDArray[np.float64]:
    """The axes of a unit quaternion as columns, (3, 3)."""
    v = np.array([x, y, z])
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray((w * w - v @ v) * np.eye(3) + 2 * np.outer(v, v) + 2 * w * cross)


def _say(text: str) -> None:
    print(f"pick_and_say: {text}", file=sys.stderr, flush=True)
