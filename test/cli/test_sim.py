"""The simulated robot as a process of its own, on real DDS."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cyclonedds", reason="needs the extra dds")
pytest.importorskip("mujoco", reason="needs the extra sim")

from ssp_sam_ros.cli.main import main
from ssp_sam_ros.cli.sim_robot import _rotation, quaternion
from ssp_sam_ros.dds.messages import make
from ssp_sam_ros.dds.participant import Participant
from ssp_sam_ros.interface.image_codec import decode_depth, decode_rgb
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.qos import COMMAND_INPUT, SENSOR_INPUT, QoS
from ssp_sam_ros.session.points import Pinhole
from ssp_sam_ros.sim import SimulatorUnavailableError
from ssp_sam_ros.sim.robot import RobotBench, TopGrasp

SEED, SIZE = 3, (160, 120)


@pytest.fixture
def observer(domain: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Participant]:
    for name, value in domain.items():
        monkeypatch.setenv(name, value)
    with Participant(NodeNames("observer")) as participant:
        yield participant


@pytest.fixture
def bench() -> Iterator[RobotBench]:
    """The scene that the process shows."""
    try:
        made = RobotBench(SEED, width=SIZE[0], height=SIZE[1])
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    yield made
    made.close()


def command(grasp: TopGrasp, frame: str, sec: int, axes: np.ndarray, origin: np.ndarray) -> Any:
    """The grasp in a frame that is at `origin` in the world and turned by `axes`."""
    x, y, z = (axes.T @ (np.array(grasp.position) - origin)).tolist()
    qx, qy, qz, qw = quaternion(axes.T @ grasp.rotation())
    return make(
        "geometry_msgs/msg/PoseStamped",
        header=make(
            "std_msgs/msg/Header", frame_id=frame, stamp=make("builtin_interfaces/msg/Time", sec=sec)
        ),
        pose=make(
            "geometry_msgs/msg/Pose",
            position=make("geometry_msgs/msg/Point", x=x, y=y, z=z),
            orientation=make("geometry_msgs/msg/Quaternion", x=qx, y=qy, z=qz, w=qw),
        ),
    )


@pytest.mark.slow
@pytest.mark.sim
def test_pictures_and_grasps(ssp_sam: Callable[..., Any], observer: Participant, bench: RobotBench) -> None:
    got: dict[str, list[Any]] = {name: [] for name in ("image", "depth", "info", "report", "tf")}
    latched = QoS("reliable", depth=1, durability="transient_local")
    for name, topic, kind, qos in (
        ("image", "/camera/image_raw", "sensor_msgs/msg/Image", SENSOR_INPUT),
        ("depth", "/camera/depth/image_raw", "sensor_msgs/msg/Image", SENSOR_INPUT),
        ("info", "/camera/camera_info", "sensor_msgs/msg/CameraInfo", SENSOR_INPUT),
        ("report", "/grasp/report", "std_msgs/msg/String", COMMAND_INPUT),
        ("tf", "/tf_static", "tf2_msgs/msg/TFMessage", latched),
    ):
        observer.subscription(topic, kind, qos, got[name].append)
    openings = observer.publisher("/gripper/opening", "std_msgs/msg/Float64", COMMAND_INPUT)
    grasps = observer.publisher("/grasp", "geometry_msgs/msg/PoseStamped", COMMAND_INPUT)
    observer.announce()
    process = ssp_sam("sim", "--seed", str(SEED), "--size", "160x120", "--rate", "5")

    def until(ready: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 150
        while not ready():
            assert process.process.poll() is None, process.log
            assert time.monotonic() < deadline, process.log
            observer.spin_once(0.05)

    until(lambda: len(got["image"]) > 2 and got["depth"] and got["info"] and got["tf"])
    assert decode_rgb(got["image"][0]).tobytes() == bench.first.image.tobytes()
    depth = np.nan_to_num(decode_depth(got["depth"][0]))
    np.testing.assert_allclose(depth, bench.first.depth, atol=1e-3)
    assert Pinhole.from_camera_info(got["info"][0]).fx == pytest.approx(bench.focal_length)
    stamps = [{(m.header.stamp.sec, m.header.stamp.nanosec) for m in got[k]} for k in ("image", "depth")]
    assert stamps[0] & stamps[1]
    (transform,) = got["tf"][0].transforms
    assert (transform.header.frame_id, transform.child_frame_id) == ("world", "camera_optical_frame")
    origin, axes = bench.camera_in_world
    q = transform.transform.rotation
    np.testing.assert_allclose(_rotation(q.x, q.y, q.z, q.w), axes, atol=1e-9)

    until(lambda: grasps.subscriptions() and openings.subscriptions())
    index = next(k for k, item in enumerate(bench.scene.objects) if item.noun == "can")
    x, y, _ = bench.scene.objects[index].position
    grasp = TopGrasp((x, y, 0.01), 0.4, 0.12)
    grasps.publish(command(grasp, "moon", 1, np.eye(3), np.zeros(3)))
    until(lambda: got["report"])
    refused = json.loads(got["report"][0].data)
    assert refused["outcome"] == "UNREACHABLE"
    assert "moon" in refused["reason"]
    openings.publish(make("std_msgs/msg/Float64", data=grasp.opening))
    assert openings.flush()
    grasps.publish(command(grasp, "camera_optical_frame", 2, axes, origin))
    until(lambda: len(got["report"]) == 2)
    report = json.loads(got["report"][1].data)
    assert (report["stamp"], report["outcome"]) == ([2, 0], "LIFTED")
    assert report["removed"] == [bench.name(index)]
    assert process.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("turn", range(6))
def test_a_quaternion_and_back(turn: int) -> None:
    q, _ = np.linalg.qr(np.random.default_rng(turn).normal(size=(3, 3)))
    axes = q * np.sign(np.linalg.det(q))
    np.testing.assert_allclose(_rotation(*quaternion(axes)), axes, atol=1e-12)


def test_no_rotation_at_all_is_the_camera_s_own() -> None:
    np.testing.assert_array_equal(_rotation(0.0, 0.0, 0.0, 0.0), np.eye(3))


@pytest.mark.parametrize(
    "options",
    [
        ["--world", "moon"],
        ["--rate", "0"],
        *(["--size", size] for size in ("big", "6x6", "200x640", "5000x5000")),
    ],
)
def test_usage(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", *options]) == 2
    assert options[0] in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_it_builds_the_scene(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(*_: object) -> None:
        signal.raise_signal(number)
        pytest.fail("the signal was put off until the scene is there")

    monkeypatch.setattr("ssp_sam_ros.sim.robot.RobotBench", signalled)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert main(["sim"]) == 1
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
