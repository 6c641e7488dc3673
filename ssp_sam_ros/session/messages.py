"""Outgoing messages, built through whatever makes messages: rclpy's classes or the DDS adapter's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.interface.image_codec import image_fields
from ssp_sam_ros.perception.result import Outcome
from ssp_sam_ros.session.answers import Answer
from ssp_sam_ros.session.clock import SECOND
from ssp_sam_ros.session.diagnostics import Status
from ssp_sam_ros.session.points import NO_POSITION, Position

OUTCOME_CODES = {Outcome.FOUND: 1, Outcome.NO_TARGET: 2, Outcome.FAILED: 3, Outcome.STALE: 4}
"""The constants of ssp_sam_msgs/msg/ReferringResult."""

_LAST_TIME = 2**31 * SECOND - 1  # the seconds of a stamp are a signed 32-bit number


class Make(Protocol):
    """Makes a message: fields left out are zero, empty or false."""

    def __call__(self, type_name: str, **fields: Any) -> Any: ...


class MessageBuilder:
    """Builds the messages of the interface table."""

    def __init__(self, make: Make) -> None:
        self._make = make

    def time(self, nanoseconds: int) -> Any:
        """builtin_interfaces/Time."""
        return self._make(
            "builtin_interfaces/msg/Time", sec=nanoseconds // SECOND, nanosec=nanoseconds % SECOND
        )

    def header(self, stamp: int, frame_id: str) -> Any:
        """std_msgs/Header; `stamp` in nanoseconds."""
        return self._make("std_msgs/msg/Header", stamp=self.time(stamp), frame_id=frame_id)

    def image(self, header: Any, array: NDArray[np.generic]) -> Any:
        """sensor_msgs/Image of a mask, a label image or an RGB picture."""
        return self._make("sensor_msgs/msg/Image", header=header, **image_fields(array))

    def flag(self, value: bool) -> Any:
        """std_msgs/Bool."""
        return self._make("std_msgs/msg/Bool", data=value)

    def text(self, value: str) -> Any:
        """std_msgs/String."""
        return self._make("std_msgs/msg/String", data=value)

    def expressions(self, header: Any, ids: Sequence[str], texts: Sequence[str]) -> Any:
        """ssp_sam_msgs/ReferringExpressionArray."""
        return self._make(
            "ssp_sam_msgs/msg/ReferringExpressionArray", header=header, ids=list(ids), texts=list(texts)
        )

    def detection(self, header: Any, answer: Answer) -> Any:
        """vision_msgs/Detection2D: the mask's box, the expression as class, no hypothesis if absent."""
        result = answer.result
        hypotheses = []
        if result.outcome is Outcome.FOUND:
            hypothesis = self._make(
                "vision_msgs/msg/ObjectHypothesis", class_id=result.expression, score=result.score
            )
            hypotheses.append(self._make("vision_msgs/msg/ObjectHypothesisWithPose", hypothesis=hypothesis))
        return self._make(
            "vision_msgs/msg/Detection2D",
            header=header,
            results=hypotheses,
            bbox=self._box(result.box),
            id=result.expression_id,
        )

    def result(self, header: Any, answer: Answer) -> Any:
        """ssp_sam_msgs/ReferringResult, without a position; `place` adds it."""
        result = answer.result
        fields: dict[str, object] = {}
        if result.mask is not None:
            fields["mask"] = self.image(header, result.mask)
        message = self._make(
            "ssp_sam_msgs/msg/ReferringResult",
            header=header,
            expression=result.expression,
            expression_id=result.expression_id,
            expression_stamp=self.time(answer.request.stamp),
            outcome=OUTCOME_CODES[result.outcome],
            reason=result.reason,
            unknown_words=list(result.unknown_words),
            warnings=list(result.warnings),
            box=self._box(result.box),
            network_box=self._box(result.network_box),
            score=result.score,
            no_target_probability=result.no_target_probability,
            model=result.model,
            weights_digest=result.weights_digest,
            stage_times=self._make(
                "ssp_sam_msgs/msg/StageTimes",
                queue=result.times.queue / 1e3,
                image_encoding=result.times.image_encoding / 1e3,
                prompt=result.times.prompt / 1e3,
                decode=result.times.decode / 1e3,
                total=result.times.total / 1e3,
            ),
            embedding_cached=result.embedding_cached,
            **fields,
        )
        self.place(message, NO_POSITION)
        return message

    def place(self, result: Any, position: Position) -> None:
        """Say in a ReferringResult where the target is."""
        (x, y, z), (width, height, depth) = position.centroid, position.extent
        result.depth_pixels = position.pixels
        result.centroid = self._make("geometry_msgs/msg/Point", x=x, y=y, z=z)
        result.extent = self._make("geometry_msgs/msg/Vector3", x=width, y=height, z=depth)

    def results(self, header: Any, results: Sequence[Any]) -> Any:
        """ssp_sam_msgs/ReferringResultArray of messages that `result` made."""
        return self._make("ssp_sam_msgs/msg/ReferringResultArray", header=header, results=list(results))

    def points(self, header: Any, xyz: NDArray[np.float32]) -> Any:
        """sensor_msgs/PointCloud2 of (N, 3) points in metres, unordered."""
        fields = [
            self._make("sensor_msgs/msg/PointField", name=name, offset=4 * index, datatype=7, count=1)
            for index, name in enumerate("xyz")
        ]
        data = np.ascontiguousarray(xyz, dtype="<f4").reshape(-1).view(np.uint8)
        return self._make(
            "sensor_msgs/msg/PointCloud2",
            header=header,
            height=1,
            width=len(xyz),
            fields=fields,
            is_bigendian=False,
            point_step=12,
            row_step=12 * len(xyz),
            data=data,
            is_dense=True,
        )

    def diagnostics(self, header: Any, statuses: Sequence[Status]) -> Any:
        """diagnostic_msgs/DiagnosticArray."""
        return self._make(
            "diagnostic_msgs/msg/DiagnosticArray",
            header=header,
            status=[
                self._make(
                    "diagnostic_msgs/msg/DiagnosticStatus",
                    level=status.level.value,
                    name=status.name,
                    message=status.message,
                    hardware_id=status.hardware_id,
                    values=self._values(status.values),
                )
                for status in statuses
            ],
        )

    def _values(self, values: Mapping[str, object]) -> list[Any]:
        return [
            self._make("diagnostic_msgs/msg/KeyValue", key=key, value=str(value))
            for key, value in values.items()
        ]

    def _box(self, corners: tuple[float, float, float, float]) -> Any:
        """vision_msgs/BoundingBox2D of (x1, y1, x2, y2)."""
        x1, y1, x2, y2 = corners
        position = self._make("vision_msgs/msg/Point2D", x=(x1 + x2) / 2, y=(y1 + y2) / 2)
        center = self._make("vision_msgs/msg/Pose2D", position=position, theta=0.0)
        return self._make(
            "vision_msgs/msg/BoundingBox2D", center=center, size_x=float(x2 - x1), size_y=float(y2 - y1)
        )


def nanoseconds_of(time: Any) -> int:
    """Nanoseconds of a builtin_interfaces/Time message.

    One that is no time (more than a second of nanoseconds) may lie beyond the last time there is, which no
    answer could carry: then it is that last one.
    """
    return min(int(time.sec) * SECOND + int(time.nanosec), _LAST_TIME)
