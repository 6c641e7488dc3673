"""Parameter values, parameter files and ROS arguments."""

from __future__ import annotations

import datetime
import math
from pathlib import Path

import numpy as np

from fuzzing.damage import damaged
from fuzzing.promises import promise
from fuzzing.scratch import scratch
from ssp_sam_ros.interface import PARAMETERS, TOPICS, Parameters
from ssp_sam_ros.interface.endpoints import default_remaps, endpoints_of
from ssp_sam_ros.interface.names import NodeNames
from ssp_sam_ros.interface.parameter_files import parameters_of
from ssp_sam_ros.interface.ros_arguments import split_ros_arguments

_CONFIG = Path(__file__).resolve().parents[2] / "config" / "perception.yaml"
_TYPES = {"bool": bool, "integer": int, "double": float, "string": str, "string_array": tuple}
_NUMBERS = (0, 1, -1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, 5e-324, math.inf, -math.inf, math.nan)
_TEXTS = ("", "auto", "cpu", "cuda:0", "raw", "reliable", "true", "5", "\x00", "\ud800", "é" * 5000)
_LISTS: tuple[object, ...] = (
    [],
    ["left", "right"],
    ["left camera"],
    ["left", "left"],
    [1],
    [[]],
    {},
    {"a": 1},
)
_OTHERS = (True, False, None, b"x", 1j, datetime.date(2026, 1, 1))
_VALUES: tuple[object, ...] = (*_NUMBERS, *_TEXTS, *_LISTS, *_OTHERS)
_WORDS = (
    *("--ros-args", "--", "-r", "-p", "--remap", "--param", "--params-file", "--log-level", "--enclave"),
    *("image:=/front/image", "__ns:=/robot", "__node:=eye", "__ns:=", "~/mask:=x", "rostopic://a:=b"),
    *("max_rate:=5", "max_rate:=fast", "max_rate:=", "max_rate:=[", "max_rate:=2026-02-30", "a:=0x1p3"),
    *("cameras:=[a, b]", "cameras:={a: 1}", "x:=!!python/object:os.system", "y:=*a", "x:=&a [*a]"),
    *(
        "ssp_sam:max_rate:=2",
        "a b:=c",
        "a:=b:=c",
        "image:=1/2",
        "image:=",
        "ssp_sam:=INFO",
        "é:=ü",
        "\x00:=1",
    ),
    *("node", "--image", "", "-", ":=", "\x00:=1", "--disable-rosout-logs"),
)


def fuzz(rng: np.random.Generator) -> str:
    """Parameters come out checked, within their ranges, or there is one line on what is wrong."""
    return (_values, _file, _arguments)[int(rng.integers(0, 3))](rng)


def _values(rng: np.random.Generator) -> str:
    overrides = {_name(rng): _value(rng) for _ in range(int(rng.integers(0, 5)))}
    return _resolve(overrides, NodeNames("ssp_sam"))


def _resolve(overrides: dict[str, object], names: NodeNames) -> str:
    try:
        parameters = Parameters.from_overrides(overrides)
        endpoints = endpoints_of(names.with_default_remaps(default_remaps()), parameters)
    except ValueError as error:
        promise(bool(str(error)), "an error that says nothing")
        return "refused"
    for name, value in parameters.values.items():
        spec = PARAMETERS[name]
        promise(type(value) is _TYPES[spec.type], f"{name} is {value!r}")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            promise(math.isfinite(value), f"{name} is {value}")
            promise(spec.minimum is None or value >= spec.minimum, f"{name} is {value}")
            promise(spec.maximum is None or value <= spec.maximum, f"{name} is {value}")
    cameras = max(1, len(parameters.names("cameras")))
    expected = sum(cameras if topic.per_camera else 1 for topic in TOPICS.values()) - cameras  # one transport
    promise(len(endpoints) == expected, f"{len(endpoints)} endpoints for {cameras} cameras")
    promise(all(endpoint.name.startswith("/") for endpoint in endpoints), "a name is not absolute")
    return "accepted"


def _name(rng: np.random.Generator) -> str:
    known = str(rng.choice(list(PARAMETERS)))
    match int(rng.integers(0, 10)):
        case 0:
            return known[:-1]
        case 1:
            return "".join(map(chr, rng.integers(0, 0x300, 6)))
        case 2:
            topic = str(rng.choice(["/camera/image_raw", "/ssp_sam/mask", "/referring_expression", "/"]))
            side = str(rng.choice(["publisher", "subscription", "service"]))
            policy = str(rng.choice(["reliability", "durability", "depth", "history", "deadline", ""]))
            return f"qos_overrides.{topic}.{side}.{policy}"
    return known


def _value(rng: np.random.Generator) -> object:
    return _VALUES[int(rng.integers(0, len(_VALUES)))]


def _file(rng: np.random.Generator) -> str:
    text = _CONFIG.read_bytes()
    if rng.random() < 0.5:  # comments cannot break
        lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith(b"#")]
        text = b"\n".join(lines)
    path = scratch() / "parameters.yaml"
    path.write_bytes(damaged(text, rng))
    try:
        overrides = parameters_of(path, "/ssp_sam")
    except ValueError as error:
        promise(str(path) in str(error), f"the error does not name the file: {error}")
        return "refused"
    return _resolve(overrides, NodeNames("ssp_sam"))


def _arguments(rng: np.random.Generator) -> str:
    words = np.array(_WORDS, object)
    argv = ["--ros-args", *(str(word) for word in rng.choice(words, int(rng.integers(0, 7))))]
    try:
        _, ros = split_ros_arguments(argv)
        promise(ros is not None, "--ros-args was not noticed")
        assert ros is not None
        names = ros.names_for("ssp_sam")
        overrides = ros.parameters_for(names)
    except ValueError as error:
        promise(bool(str(error)), "an error that says nothing")
        return "refused"
    return _resolve(overrides, names)
