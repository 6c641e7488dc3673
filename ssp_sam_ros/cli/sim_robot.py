"""The simulated robot as a ROS node: what it publishes and takes, as docs/closed_loop.md has it."""

from __future__ import annotations

import json
import logging
import math
import time
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import threading

    import numpy as np

    from ssp_sam_ros.dds.participant import Participant
    from ssp_sam_ros.sim.robot import Report, RobotBench, TopGrasp

WORLD_FRAME = "world"
_LONGEST_GAP = 1.0  # simulated seconds between pictures where the machine is slow to draw

log = logging.getLogger("ssp_sam")


class Stopped(Exception):  # noqa: N818, it is a signal, not a fault
    """A signal came while the robot was moving."""


class SimulatedRobot:
    """Publishes the camera's pictures and carries out what comes on `grasp`, one after the other.

    Physics runs at the speed of the wall clock while the gripper moves, with fewer pictures where the machine
    is slow to draw, down to one in `_LONGEST_GAP`; only then it runs slower than the clock. Between
    commands the scene stands still, and its picture is sent again and again.
    """

    def __init__(
        self,
        bench: RobotBench,
        participant: Participant,
        rate: float,
        frame_id: str,
        stop: threading.Event,
    ) -> None:
        """Join the graph; `rate` in pictures a second."""
        from ssp_sam_ros.dds.messages import make
        from ssp_sam_ros.interface.qos import COMMAND_INPUT, RECORD_OUTPUT, QoS
        from ssp_sam_ros.session.messages import MessageBuilder
        from ssp_sam_ros.sim.robot.grasp import STROKE

        self._bench, self._participant, self._stop = bench, participant, stop
        self._period, self._frame_id = 1.0 / rate, frame_id
        self._make, self._builder = make, MessageBuilder(make)
        self._opening = STROKE
        self._commands: deque[Any] = deque()
        self._started, self._due = 0.0, 0.0
        self._view = bench.look()

        def publisher(name: str, kind: str, qos: QoS) -> Any:
            return participant.publisher(participant.names.resolve(name), kind, qos)

        def subscribe(name: str, kind: str, callback: Any) -> None:
            participant.subscription(participant.names.resolve(name), kind, COMMAND_INPUT, callback)

        pictures = QoS("reliable", depth=5)
        self._images = publisher("camera/image_raw", "sensor_msgs/msg/Image", pictures)
        self._depths = publisher("camera/depth/image_raw", "sensor_msgs/msg/Image", pictures)
        self._infos = publisher("camera/camera_info", "sensor_msgs/msg/CameraInfo", pictures)
        self._reports = publisher("grasp/report", "std_msgs/msg/String", RECORD_OUTPUT)
        latched = QoS("reliable", depth=1, durability="transient_local")
        self._transforms = publisher("/tf_static", "tf2_msgs/msg/TFMessage", latched)
        subscribe("grasp", "geometry_msgs/msg/PoseStamped", self._commands.append)
        subscribe("gripper/opening", "std_msgs/msg/Float64", self._open)
        participant.announce()
        self._transforms.publish(self._transform())

    def run(self) -> None:
        """Until the stop event is set.

        Raises:
            Stopped: it was set while the gripper moved.
        """
        due = time.monotonic()
        while not self._stop.is_set():
            self._publish()
            due = max(due + self._period, time.monotonic())
            self._participant.spin_once(0.0)  # also where drawing takes all of the time
            while not self._stop.is_set() and not self._commands and (left := due - time.monotonic()) > 0:
                self._participant.spin_once(min(left, 0.05))
            if self._commands:
                self._carry_out(self._commands.popleft())

    def _open(self, message: Any) -> None:
        self._opening = float(message.data)

    def _carry_out(self, command: Any) -> None:
        from ssp_sam_ros.sim.robot import UnreachableError
        from ssp_sam_ros.sim.robot.bench import refused

        try:
            grasp = self._grasp(command)
        except UnreachableError as error:
            report = refused(error)
        else:
            self._started, self._due = time.monotonic() - self._bench.time, 0.0
            report = self._bench.pick(grasp, self._on_step)
            self._view = self._bench.look()
        self._reports.publish(self._builder.text(self._text(command, report)))
        self._participant.spin_once(0.0)
        names = ", ".join(map(self._bench.name, report.removed)) or "nothing"
        log.info(
            "grasp: %s, %s left the table%s", report.outcome, names, report.reason and f" ({report.reason})"
        )

    def _text(self, command: Any, report: Report) -> str:
        """The report as one JSON object."""
        stamp = command.header.stamp
        return json.dumps(
            {
                "stamp": [int(stamp.sec), int(stamp.nanosec)],
                "outcome": str(report.outcome),
                "removed": [self._bench.name(k) for k in report.removed],
                "reason": report.reason,
                "seconds": round(report.seconds, 3),
            }
        )

    def _grasp(self, command: Any) -> TopGrasp:
        """The command in the world's frame; raises UnreachableError."""
        from ssp_sam_ros.sim.robot import TopGrasp, UnreachableError

        p, q = command.pose.position, command.pose.orientation
        position, rotation = _vector(p.x, p.y, p.z), _rotation(q.x, q.y, q.z, q.w)
        frame = command.header.frame_id
        if frame == self._frame_id:
            origin, axes = self._bench.camera_in_world
            position, rotation = axes @ position + origin, axes @ rotation
        elif frame != WORLD_FRAME:
            raise UnreachableError(
                f"frame {frame!r} is not known, only {WORLD_FRAME!r} and {self._frame_id!r}"
            )
        return TopGrasp.from_pose(position, rotation, self._opening)

    def _on_step(self, seconds: float) -> None:
        """After every step of physics: keep to the wall clock, publish what is due."""
        if self._stop.is_set():
            raise Stopped
        if seconds < self._due:
            return
        ahead = self._started + seconds - time.monotonic()
        if ahead > 0:
            self._stop.wait(ahead)
        self._view = self._bench.look()
        self._publish()
        passed = time.monotonic() - self._started
        self._due = max(seconds + self._period, min(passed, seconds + _LONGEST_GAP))

    def _publish(self) -> None:
        """Picture, depth and calibration of this moment, with one stamp."""
        import numpy as np

        from ssp_sam_ros.session.clock import system_clock

        view = self._view
        header = self._builder.header(system_clock(), self._frame_id)
        self._infos.publish(self._info(header))
        self._depths.publish(self._builder.image(header, np.round(1e3 * view.depth).astype(np.uint16)))
        self._images.publish(self._builder.image(header, view.image))

    def _info(self, header: Any) -> Any:
        import numpy as np

        bench, f = self._bench, self._bench.focal_length
        cx, cy = (bench.width - 1) / 2, (bench.height - 1) / 2
        return self._make(
            "sensor_msgs/msg/CameraInfo",
            header=header,
            width=bench.width,
            height=bench.height,
            distortion_model="plumb_bob",
            d=np.zeros(5),
            k=np.array([f, 0, cx, 0, f, cy, 0, 0, 1.0]),
            r=np.eye(3).ravel(),
            p=np.array([f, 0, cx, 0, 0, f, cy, 0, 0, 0, 1.0, 0]),
        )

    def _transform(self) -> Any:
        """Where the camera is: world to optical frame."""
        from ssp_sam_ros.session.clock import system_clock

        origin, axes = self._bench.camera_in_world
        x, y, z = origin.tolist()
        qx, qy, qz, qw = quaternion(axes)
        transform = self._make(
            "geometry_msgs/msg/Transform",
            translation=self._make("geometry_msgs/msg/Vector3", x=x, y=y, z=z),
            rotation=self._make("geometry_msgs/msg/Quaternion", x=qx, y=qy, z=qz, w=qw),
        )
        stamped = self._make(
            "geometry_msgs/msg/TransformStamped",
            header=self._builder.header(system_clock(), WORLD_FRAME),
            child_frame_id=self._frame_id,
            transform=transform,
        )
        return self._make("tf2_msgs/msg/TFMessage", transforms=[stamped])


def quaternion(axes: np.ndarray) -> tuple[float, float, float, float]:
    """(x, y, z, w) of a rotation matrix (3, 3)."""
    m = axes.tolist()
    squares = (
        1 + m[0][0] - m[1][1] - m[2][2],
        1 - m[0][0] + m[1][1] - m[2][2],
        1 - m[0][0] - m[1][1] + m[2][2],
        1 + m[0][0] + m[1][1] + m[2][2],
    )
    largest = max(range(4), key=squares.__getitem__)
    s = 2 * math.sqrt(squares[largest])
    if largest == 3:
        return (m[2][1] - m[1][2]) / s, (m[0][2] - m[2][0]) / s, (m[1][0] - m[0][1]) / s, s / 4
    i, j, k = largest, (largest + 1) % 3, (largest + 2) % 3
    values = [0.0] * 4
    values[i], values[j], values[k] = s / 4, (m[j][i] + m[i][j]) / s, (m[k][i] + m[i][k]) / s
    values[3] = (m[k][j] - m[j][k]) / s
    return values[0], values[1], values[2], values[3]


def _vector(x: float, y: float, z: float) -> np.ndarray:
    import numpy as np

    return np.array([x, y, z], float)


def _rotation(x: float, y: float, z: float, w: float) -> np.ndarray:
    """The rotation matrix of a quaternion; all zero, which no rotation is, counts as none."""
    import numpy as np

    n = x * x + y * y + z * z + w * w
    if not n > 0:
        return np.eye(3)
    s = 2 / n
    return np.array(
        [
            [1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)],
            [s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)],
            [s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)],
        ]
    )
