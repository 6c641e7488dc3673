"""Health of input and inference as diagnostic statuses (REP-107)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ssp_sam_ros.interface.qos import QoS, mismatch

_CLEARLY_AHEAD = 0.2  # seconds; /clock comes in steps, and machines are a few milliseconds apart


class Level(Enum):
    """The values of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Status:
    """One diagnostic status; `name` is "<node>: <part>"."""

    name: str
    level: Level
    message: str
    hardware_id: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class InputState:
    """What is known of a camera's picture topic: its resolved name, type, QoS and the publishers that match.

    `mismatch` says why a publisher that is there does not match, "" otherwise; `malformed` counts messages
    that could not be read, `malformed_beside` those of the camera's and the node's other inputs, by topic.
    """

    topic: str
    type: str
    qos: str
    publishers: int
    mismatch: str = ""
    malformed: int = 0
    malformed_beside: Mapping[str, int] = field(default_factory=dict)


def why_unmatched(expected: str, subscription: QoS, publishers: Iterable[tuple[str, QoS]]) -> str:
    """Why publishers that are there do not match a subscription, "" where all do.

    Args:
        expected: the subscription's type, spelt as the publishers' types are.
        subscription: its QoS.
        publishers: type and QoS of each.
    """
    reasons = []
    for type_name, qos in publishers:
        if type_name != expected:
            reasons.append(f"it sends {type_name}, not {expected}")
        elif reason := mismatch(qos, subscription):
            reasons.append(reason)
    return "; ".join(reasons)


def input_status(
    node: str,
    camera: str,
    state: InputState,
    arriving: bool,
    rate: float,
    age: float | None,
    ahead: float,
    values: Mapping[str, object],
) -> Status:
    """The status of one camera's input.

    Args:
        node: the node's name.
        camera: "" for the single one.
        state: the topic.
        arriving: whether pictures still come, by the camera's own pace.
        rate: pictures received a second since the last status.
        age: of the newest picture, seconds; None where there has been none.
        ahead: seconds that its stamp was ahead of the node's time when it arrived, 0 where it was not.
        values: counters to report as they are.
    """
    level, message = _input_verdict(state, arriving, age, ahead)
    details = {
        "topic": state.topic,
        "type": state.type,
        "qos": state.qos,
        "publishers": state.publishers,
        "rate": f"{rate:.1f} Hz",
        "newest picture's age": "none yet" if age is None else f"{age:.3f} s",
        "stamped ahead of the clock by": f"{ahead:.3f} s",
        "malformed": state.malformed,
        **{f"malformed on {topic}": count for topic, count in state.malformed_beside.items()},
    }
    name = f"{node}: input {camera}".rstrip()
    return Status(name, level, message, hardware_id=camera, values=details | dict(values))


def _input_verdict(state: InputState, arriving: bool, age: float | None, ahead: float) -> tuple[Level, str]:
    if arriving and ahead > _CLEARLY_AHEAD:
        return Level.WARN, (  # without the figure: the log repeats what changes
            f"pictures on {state.topic} are stamped ahead of this node's clock: do the machines' clocks "
            "differ, or is use_sim_time set on one side only?"
        )
    if arriving:
        return Level.OK, f"pictures arrive on {state.topic}"
    if state.mismatch:
        return Level.WARN, f"a publisher on {state.topic} does not match: {state.mismatch}"
    if state.publishers == 0:
        return Level.WARN, f"no publisher on {state.topic} ({state.type}; {state.qos})"
    if state.malformed:
        return Level.WARN, f"{state.malformed} messages on {state.topic} could not be read ({state.type})"
    arrives = "nothing has arrived yet" if age is None else "nothing arrives any more"
    return Level.WARN, f"a publisher is on {state.topic} ({state.type}; {state.qos}), but {arrives}"


def inference_status(
    node: str,
    model: str,
    active: int,
    subscribed: bool,
    problems: Sequence[tuple[Level, str]],
    values: Mapping[str, object],
    paused: str = "",
) -> Status:
    """The status of inference.

    Args:
        node: the node's name.
        model: name of the variant.
        active: expressions being answered.
        subscribed: whether anybody listens to an output.
        problems: level and text of what is wrong; the worst level is the status's.
        values: counters and times to report as they are.
        paused: why no work is done at present, "" where it is.
    """
    if problems:
        level = max((level for level, _ in problems), key=lambda level: level.value)
        message = "; ".join(text for _, text in problems)
    elif paused:
        level, message = Level.OK, f"idle: {paused}"
    elif not active:
        level, message = Level.OK, "idle: no expression is active"
    elif not subscribed:
        level, message = Level.OK, "idle: nobody subscribes to an output"
    else:
        level, message = Level.OK, f"answering {active} expression{'s' if active > 1 else ''}"
    return Status(f"{node}: inference", level, message, hardware_id=model, values=values)
