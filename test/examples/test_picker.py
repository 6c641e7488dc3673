"""The operator of the closed loop on real DDS; node and robot are played here, with faults and races."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cyclonedds", reason="needs the extra dds")

from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.dds.participant import Participant
from ssp_sam_ros.interface.image_codec import image_fields
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import COMMAND_INPUT, RECORD_OUTPUT, QoS
from ssp_sam_ros.interface.topics import TOPICS
from ssp_sam_ros.session.clock import system_clock
from ssp_sam_ros.session.messages import MessageBuilder, nanoseconds_of
from ssp_sam_ros.session.requests import Request, RequestIntake

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FRAME, HEIGHT = "camera_optical_frame", 0.8
FOUND, NO_TARGET = 1, 2
PATIENCE = 20.0


class Stage:
    """The perception node and the robot as far as the operator sees them; nothing happens by itself.

    `on_grasp` is called when a grasp comes, before its report goes out.
    """

    def __init__(self) -> None:
        self.participant = Participant(NodeNames("stage"))
        self.intake = RequestIntake(32)
        self.builder = MessageBuilder(make)
        self.asked: list[tuple[Request, ...]] = []
        self.grasps: list[Any] = []
        self.on_grasp: Callable[[], None] = lambda: None
        publisher, subscription = self.participant.publisher, self.participant.subscription
        text, several, result = (TOPICS[k] for k in ("referring_expression", "expressions", "result"))
        subscription("/referring_expression", text.type, text.qos, lambda m: self._take([], [m.data]))
        subscription("/ssp_sam/expressions", several.type, several.qos, lambda m: self._take(m.ids, m.texts))
        subscription("/grasp", "geometry_msgs/msg/PoseStamped", COMMAND_INPUT, self._on_grasp)
        self.results = publisher("/ssp_sam/result", result.type, result.qos)
        self.spoken = publisher("/referring_expression", text.type, text.qos)
        self.depths = publisher("/camera/depth/image_raw", "sensor_msgs/msg/Image", QoS("reliable", depth=5))
        self.infos = publisher("/camera/camera_info", "sensor_msgs/msg/CameraInfo", QoS("reliable", depth=5))
        self.reports = publisher("/grasp/report", "std_msgs/msg/String", RECORD_OUTPUT)
        latched = QoS("reliable", depth=1, durability="transient_local")
        self.transforms = publisher("/tf_static", "tf2_msgs/msg/TFMessage", latched)
        self.participant.announce()
        self.transforms.publish(self._transform())

    def tick(self) -> None:
        """Take what has arrived."""
        self.participant.spin_once(0.0)

    @property
    def request(self) -> Request | None:
        """What is being asked for."""
        return self.asked[-1][0] if self.asked and self.asked[-1] else None

    def say(self, text: str) -> None:
        """Somebody speaks."""
        self.spoken.publish(self.builder.text(text))
        deadline = time.monotonic() + PATIENCE
        while not (self.request and self.request.expression == text):
            assert time.monotonic() < deadline
            self.participant.spin_once(0.05)

    def see(self, stamp: int = 0) -> int:
        """Send depth and calibration; returns their stamp."""
        stamp = stamp or system_clock()
        header = self.builder.header(stamp, FRAME)
        k = np.array([400.0, 0, 159.5, 0, 400.0, 119.5, 0, 0, 1])
        self.infos.publish(make("sensor_msgs/msg/CameraInfo", header=header, k=k, width=320, height=240))
        _, depth = scene()
        self.depths.publish(make("sensor_msgs/msg/Image", header=header, **image_fields(depth)))
        return stamp

    def answer(self, request: Request, stamp: int, outcome: int = FOUND) -> None:
        """Send a result about a picture."""
        header, (mask, _) = self.builder.header(stamp, FRAME), scene()
        fields = {"mask": self.builder.image(header, mask)} if outcome == FOUND else {}
        self.results.publish(
            make(
                "ssp_sam_msgs/msg/ReferringResult",
                header=header,
                expression=request.expression,
                expression_id=request.id,
                expression_stamp=self.builder.time(request.stamp),
                outcome=outcome,
                **fields,
            )
        )
        assert self.results.flush()

    def _take(self, ids: Any, texts: Any) -> None:
        self.asked.append(self.intake.take(list(ids), list(texts), 0, system_clock()))

    def _on_grasp(self, message: Any) -> None:
        self.grasps.append(message)
        self.on_grasp()
        stamp = [int(message.header.stamp.sec), int(message.header.stamp.nanosec)]
        told = {"stamp": stamp, "outcome": "LIFTED", "removed": ["box"], "reason": ""}
        self.reports.publish(self.builder.text(json.dumps(told)))

    def _transform(self) -> Any:
        """A camera that looks straight down."""
        pose = make(
            "geometry_msgs/msg/Transform",
            translation=make("geometry_msgs/msg/Vector3", z=HEIGHT),
            rotation=make("geometry_msgs/msg/Quaternion", x=1.0),
        )
        stamped = make(
            "geometry_msgs/msg/TransformStamped",
            header=self.builder.header(system_clock(), "world"),
            child_frame_id=FRAME,
            transform=pose,
        )
        return make("tf2_msgs/msg/TFMessage", transforms=[stamped])


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Mask and depth (millimetres) of a box of 5 cm on the table."""
    mask, depth = np.zeros((240, 320), np.uint8), np.full((240, 320), 800, np.uint16)
    mask[100:140, 140:180] = 255
    depth[mask > 0] = 750
    return mask, depth


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(100 + (os.getpid() + 50) % 100))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    made = Stage()
    yield made
    made.participant.close()


@pytest.fixture
def hand(stage: Stage) -> Iterator[Any]:
    """A connected `Picker`; while it waits, `hand.meanwhile` is called and then the stage takes what came."""
    from picker import Picker

    class Hand(Picker):
        meanwhile: Callable[[], object] = staticmethod(lambda: None)

        def watch(self) -> None:
            assert time.monotonic() < deadline
            stage.tick()
            self.meanwhile()

    deadline = time.monotonic() + 3 * PATIENCE
    made: Any = None
    made = Hand(PATIENCE, watch=lambda: made and made.watch())
    try:
        made.connect()
        yield made
    finally:
        made.close()


def once(action: Callable[[Request], None], stage: Stage) -> Callable[[], None]:
    """Does the action when something is being asked for, once an asking."""
    done: set[str] = set()

    def meanwhile() -> None:
        request = stage.request
        if request and request.id not in done:
            done.add(request.id)
            action(request)

    return meanwhile


def test_the_same_sentence_twice_is_asked_and_answered_twice(hand: Any, stage: Stage) -> None:
    def answer(request: Request) -> None:
        if len(stage.asked) > 1:  # an answer to the first asking is late
            stage.answer(stage.asked[0][0], stage.see(), NO_TARGET)
        stage.answer(request, stage.see())

    hand.meanwhile = once(answer, stage)
    for _ in range(2):
        asked = system_clock()
        found = hand.ask(" the box ")
        assert found.result.expression == "the box"
        assert nanoseconds_of(found.depth.header.stamp) >= asked
        stage.participant.spin_once(1.0)
        assert stage.request is None  # the node need not look for it any more
    first, cleared, second, _ = stage.asked
    assert cleared == () and first[0].id != second[0].id


def test_an_empty_sentence_is_refused_at_once(hand: Any, stage: Stage) -> None:
    with pytest.raises(ValueError, match="empty"):
        hand.ask(" ")
    stage.tick()
    assert stage.asked == []


def test_where_the_depth_of_a_picture_is_lost_the_next_answer_is_taken(
    hand: Any, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []

    def answer(request: Request) -> None:
        stage.answer(request, system_clock())
        seen.append(stage.see())
        stage.answer(request, seen[0])

    hand.meanwhile = once(answer, stage)
    found = hand.ask("the box")
    assert [nanoseconds_of(m.header.stamp) for m in (found.result, found.depth, found.info)] == 3 * seen
    assert "no depth" in capsys.readouterr().err
    assert hand.act(found)["removed"] == ["box"]


def test_an_answer_may_come_a_hundred_pictures_later(hand: Any, stage: Stage) -> None:
    stamps: list[int] = []

    def answer() -> None:
        if stage.request and len(stamps) < 100:
            stamps.append(stage.see(system_clock() + len(stamps)))
            stage.depths.flush()
        elif len(stamps) == 100:
            stage.answer(stage.request, stamps[0])
            hand.meanwhile = lambda: None

    hand.meanwhile = answer
    assert nanoseconds_of(hand.ask("the box").depth.header.stamp) == stamps[0]


def test_what_is_heard_is_acted_on_once(hand: Any, stage: Stage) -> None:
    heard = hand.heard()
    stage.say("the box")
    spoken = stage.request
    assert spoken is not None
    for _ in range(3):  # the node is quicker than the operator
        stage.answer(spoken, stage.see())
    stage.on_grasp = lambda: stage.answer(spoken, stage.see())  # on its way already when it was cleared
    assert hand.act(next(heard))["moved"]
    stage.answer(spoken, stage.see())  # a node that is slow to hear of the clearing
    stage.say("the ball")
    hand.meanwhile = once(lambda request: stage.answer(request, stage.see(), NO_TARGET), stage)
    told = hand.act(next(heard))
    assert (told["sentence"], told["moved"]) == ("the ball", False)
    assert len(stage.grasps) == 1


def test_no_depth_is_lost_while_the_operator_looks_away(
    hand: Any, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.say("the box")
    first, *_ = [stage.see() for _ in range(20)]
    assert stage.request is not None
    stage.answer(stage.request, first)
    assert nanoseconds_of(next(hand.heard()).depth.header.stamp) == first
    assert capsys.readouterr().err == ""


def test_what_is_said_while_the_robot_moves_waits_for_its_rest(
    hand: Any, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    moving: list[int] = []

    def during() -> None:
        stage.say("the ball")
        moving.append(stage.see())
        assert stage.request is not None
        stage.answer(stage.request, moving[0])

    heard = hand.heard()
    stage.say("the box")
    assert stage.request is not None
    stage.answer(stage.request, stage.see())
    stage.on_grasp = during
    assert hand.act(next(heard))["moved"]
    hand.meanwhile = once(lambda request: stage.answer(request, stage.see()), stage)
    found = next(heard)
    assert found.result.expression == "the ball"
    assert nanoseconds_of(found.result.header.stamp) > moving[0]
    assert (
        "not acting on 'the ball' by a picture from before the robot came to rest" in capsys.readouterr().err
    )


def test_what_the_clearing_may_have_taken_along_is_told(
    hand: Any, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = hand.heard()
    stage.say("the box")
    spoken = stage.request
    assert spoken is not None
    stage.say("the ball")  # the answer about the box was on its way
    stage.answer(spoken, stage.see(), NO_TARGET)
    assert next(heard).result.expression == "the box"
    assert "'the ball' came just as 'the box' was answered: say it again" in capsys.readouterr().err


def test_what_the_watch_raises_ends_the_waiting(hand: Any) -> None:
    def dead() -> None:
        raise RuntimeError("the simulator has ended")

    hand.meanwhile = dead
    with pytest.raises(RuntimeError, match="the simulator has ended"):
        hand.ask("the box")


def test_usage(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    import pick_and_say

    for arguments, why in ((["the box", " "], "empty"), (["--heard", "the box"], "--heard")):
        with pytest.raises(SystemExit) as stop:
            pick_and_say.main(arguments)
        assert stop.value.code == 2
        assert why in capsys.readouterr().err
