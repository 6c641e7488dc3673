#!/usr/bin/env python3
"""Tell the simulated robot what to take: a sentence in, what left the table out. Needs no ROS.

    ssp-sam sim --seed 3 & ssp-sam node &
    python examples/pick_and_say.py "the red mug on the left"     # or sentences on standard input, one a line
    python examples/pick_and_say.py --heard & ssp-sam listen --microphone      # or spoken

Prints one JSON object a sentence. The robot moves on FOUND only: NO_TARGET, FAILED and STALE are told, and
nothing happens. Exits with 0 where every sentence ended in something being lifted off the table.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from top_grasp import CameraPose, NoGrasp, plan_top_grasp

from ssp_sam_ros.cli.runtime import interrupt_on_signals
from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.dds.participant import Participant
from ssp_sam_ros.interface.image_codec import decode_array, decode_depth
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import COMMAND_INPUT, SENSOR_INPUT, QoS
from ssp_sam_ros.interface.topics import TOPICS
from ssp_sam_ros.session.clock import system_clock
from ssp_sam_ros.session.messages import MessageBuilder, nanoseconds_of
from ssp_sam_ros.session.points import Pinhole
from ssp_sam_ros.sim.robot.grasp import TopGrasp

OUTCOMES = {1: "FOUND", 2: "NO_TARGET", 3: "FAILED", 4: "STALE"}
WORLD = "world"
_SPIN = 0.05
_DEPTHS = 60  # pictures whose depth is kept: the answer comes as much later as the network takes
_SETTLE = 0.3  # seconds; discovery is not symmetric


class TimeIsUpError(RuntimeError):
    """Nobody answered in time; the text says who did not."""


class Picker:
    """Speaks to the perception node and to the simulated robot.

    Args:
        patience: seconds for the graph, for an answer and for a grasp, each.
    """

    def __init__(self, patience: float) -> None:
        """Join the graph."""
        node = NodeNames("ssp_sam")
        self.patience = patience
        self._builder = MessageBuilder(make)
        self._participant = Participant(NodeNames(f"pick_and_say_{os.getpid()}"))
        self._results: deque[Any] = deque()
        self._reports: deque[dict[str, Any]] = deque()
        self._depths: OrderedDict[int, Any] = OrderedDict()
        self._infos: OrderedDict[int, Any] = OrderedDict()
        self._poses: dict[str, CameraPose] = {}
        subscribe, publish = self._participant.subscription, self._participant.publisher
        result, text = TOPICS["result"], TOPICS["referring_expression"]
        self._answers = subscribe(node.resolve(result.name), result.type, result.qos, self._results.append)
        subscribe("/camera/depth/image_raw", "sensor_msgs/msg/Image", SENSOR_INPUT, self._keep(self._depths))
        subscribe("/camera/camera_info", "sensor_msgs/msg/CameraInfo", SENSOR_INPUT, self._keep(self._infos))
        latched = QoS("reliable", depth=1, durability="transient_local")
        subscribe("/tf_static", "tf2_msgs/msg/TFMessage", latched, self._on_transforms)
        subscribe("/grasp/report", "std_msgs/msg/String", COMMAND_INPUT, self._on_report)
        self._sentences = publish(node.resolve(text.name), text.type, text.qos)
        self._openings = publish("/gripper/opening", "std_msgs/msg/Float64", COMMAND_INPUT)
        self._grasps = publish("/grasp", "geometry_msgs/msg/PoseStamped", COMMAND_INPUT)
        self._participant.announce()

    def connect(self) -> None:
        """Wait for the node and the robot; raises TimeIsUpError."""
        self._until(
            lambda: self._sentences.subscriptions() and self._answers.publishers(), "no `ssp-sam node`"
        )
        self._until(lambda: self._grasps.subscriptions() and self._poses, "no `ssp-sam sim`")
        settled = time.monotonic() + _SETTLE
        while time.monotonic() < settled:
            self._participant.spin_once(_SPIN)

    def ask(self, sentence: str) -> Any:
        """The node's answer, a ReferringResult; raises TimeIsUpError."""
        self.clear()
        self._results.clear()
        self._sentences.publish(self._builder.text(sentence))
        self._until(
            lambda: any(r.expression == sentence.strip() for r in self._results), "no answer from the node"
        )
        return next(r for r in self._results if r.expression == sentence.strip())

    def clear(self) -> None:
        """Tell the node to look for nothing any more."""
        self._sentences.publish(self._builder.text(""))
        self._sentences.flush()

    def heard(self) -> Iterator[Any]:
        """Answers to sentences that others publish, such as `ssp-sam listen`, one a sentence, for ever."""
        while True:
            while not self._results:
                self._participant.spin_once(_SPIN)
            yield self._results.popleft()
            self.clear()
            self._results.clear()

    def act(self, result: Any) -> dict[str, Any]:
        """Grasp what a result found, if it found something, and tell what became of it."""
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
            grasp = self._plan(result)
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
        """Leave the graph."""
        self._participant.close()

    def _plan(self, result: Any) -> TopGrasp:
        stamp = nanoseconds_of(result.header.stamp)
        self._until(
            lambda: stamp in self._depths and stamp in self._infos, "no depth of the answer's picture"
        )
        frame = result.header.frame_id
        if frame not in self._poses:
            raise ValueError(f"/tf_static does not say where {frame!r} is")
        return plan_top_grasp(
            decode_array(result.mask),
            decode_depth(self._depths[stamp]),
            Pinhole.from_camera_info(self._infos[stamp]),
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
        return next(r for r in self._reports if r["stamp"] == stamp)

    def _until(self, ready: Any, otherwise: str) -> None:
        deadline = time.monotonic() + self.patience
        while not ready():
            if time.monotonic() > deadline:
                raise TimeIsUpError(f"{otherwise} within {self.patience:g} s")
            self._participant.spin_once(_SPIN)

    def _keep(self, kept: OrderedDict[int, Any]) -> Any:
        def keep(message: Any) -> None:
            kept[nanoseconds_of(message.header.stamp)] = message
            while len(kept) > _DEPTHS:
                kept.popitem(last=False)

        return keep

    def _on_report(self, message: Any) -> None:
        self._reports.append(json.loads(message.data))

    def _on_transforms(self, message: Any) -> None:
        for item in message.transforms:
            if item.header.frame_id == WORLD:
                t, q = item.transform.translation, item.transform.rotation
                self._poses[item.child_frame_id] = CameraPose(
                    np.array([t.x, t.y, t.z]), _axes(q.x, q.y, q.z, q.w)
                )


def _axes(x: float, y: float, z: float, w: float) -> NDArray[np.float64]:
    """The axes of a unit quaternion as columns, (3, 3)."""
    v = np.array([x, y, z])
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray((w * w - v @ v) * np.eye(3) + 2 * np.outer(v, v) + 2 * w * cross)


def main(argv: Sequence[str] | None = None) -> int:
    """Sentence after sentence."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sentences", nargs="*", metavar="SENTENCE", help="default: lines of standard input")
    parser.add_argument(
        "--heard", action="store_true", help="act on what others ask the node, e.g. by speech"
    )
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for each answer and each grasp")
    args = parser.parse_args(argv)
    interrupt_on_signals()
    picker = Picker(args.timeout)
    lifted = True
    try:
        picker.connect()
        lines = args.sentences or (line.strip() for line in sys.stdin if line.strip())
        for result in picker.heard() if args.heard else map(picker.ask, lines):
            told = picker.act(result)
            print(json.dumps(told), flush=True)
            lifted &= bool(told["removed"])
        picker.clear()
    except TimeIsUpError as error:
        print(f"pick_and_say: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    finally:
        picker.close()
    return 0 if lifted else 1


if __name__ == "__main__":
    sys.exit(main())
