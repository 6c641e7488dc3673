"""The part of a command line between `--ros-args` and `--`: remapping, parameters, names, log level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ssp_sam_ros.interface.names import NodeNames, Remap, check_namespace, check_node_name, check_topic_name
from ssp_sam_ros.interface.parameter_files import parameters_of

_TOPIC_PREFIX = "rostopic://"
_IGNORED_FLAGS = frozenset(
    f"--{state}-{sink}-logs"
    for state in ("enable", "disable")
    for sink in ("rosout", "stdout", "external-lib")
)


@dataclass
class RosArguments:
    """What was given after `--ros-args`, in the order given."""

    node: str | None = None
    namespace: str | None = None
    remaps: list[Remap] = field(default_factory=list)
    parameters: list[tuple[str | None, str, object]] = field(default_factory=list)
    parameter_files: list[Path] = field(default_factory=list)
    log_level: str | None = None

    def names_for(self, default_node: str) -> NodeNames:
        """Node name, namespace and remapping rules of a node called `default_node` unless renamed."""
        return NodeNames(self.node or default_node, self.namespace or "/", tuple(self.remaps))

    def parameters_for(self, names: NodeNames) -> dict[str, object]:
        """Parameter overrides of that node: files in their order, then `-p` in its order.

        Raises:
            ValueError: a file cannot be read or is no ROS 2 parameter file.
        """
        merged: dict[str, object] = {}
        for path in self.parameter_files:
            merged.update(parameters_of(path, names.full_name))
        for node, name, value in self.parameters:
            if node in (None, names.node):
                merged[name] = value
        return merged


def split_ros_arguments(argv: Sequence[str]) -> tuple[list[str], RosArguments | None]:
    """A command line without its ROS parts, and what those said (None where there were none).

    Raises:
        ValueError: an argument after `--ros-args` is unknown, incomplete or malformed.
    """
    plain: list[str] = []
    ros: RosArguments | None = None
    arguments = iter(argv)
    for argument in arguments:
        if argument != "--ros-args":
            plain.append(argument)
            continue
        ros = ros or RosArguments()
        for inner in arguments:
            if inner == "--":
                break
            if inner == "--ros-args" or inner in _IGNORED_FLAGS:
                continue
            _take(ros, inner, next(arguments, None))
    return plain, ros


def _take(ros: RosArguments, option: str, value: str | None) -> None:
    takers = {
        "-r": _take_remap,
        "--remap": _take_remap,
        "-p": _take_parameter,
        "--param": _take_parameter,
        "--params-file": _take_parameter_file,
        "--log-level": _take_log_level,
        "-e": _take_enclave,
        "--enclave": _take_enclave,
    }
    if option not in takers:
        raise ValueError(
            f"unknown argument {option!r} after --ros-args; end the ROS part with -- if it is not one"
        )
    if value is None:
        raise ValueError(f"{option} needs a value")
    takers[option](ros, value)


def _split_rule(option: str, rule: str) -> tuple[str, str]:
    left, separator, right = rule.partition(":=")
    if not separator or not left:
        raise ValueError(f"{option} {rule!r} must look like name:=value")
    return left, right


def _split_node(left: str) -> tuple[str | None, str]:
    node, separator, name = left.partition(":")
    return (node, name) if separator else (None, left)


def _take_remap(ros: RosArguments, rule: str) -> None:
    left, right = _split_rule("-r", rule)
    left = left.removeprefix(_TOPIC_PREFIX)
    node, name = _split_node(left)
    if name in ("__node", "__name"):
        ros.node = check_node_name(right)
    elif name == "__ns":
        ros.namespace = check_namespace(right)
    else:
        right = right.removeprefix(_TOPIC_PREFIX)
        ros.remaps.append(Remap(check_topic_name(name), check_topic_name(right), node))


def _take_parameter(ros: RosArguments, rule: str) -> None:
    left, right = _split_rule("-p", rule)
    node, name = _split_node(left)
    try:
        value = yaml.safe_load(right) if right else ""
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no such day, for example
        raise ValueError(f"-p {rule!r}: the value is not YAML ({error})") from None
    except RecursionError:
        raise ValueError(f"-p: the value of {left!r} is nested too deeply") from None
    ros.parameters.append((node, name, value))


def _take_parameter_file(ros: RosArguments, path: str) -> None:
    ros.parameter_files.append(Path(path))


def _take_log_level(ros: RosArguments, level: str) -> None:
    ros.log_level = level.rpartition(":=")[2].lower()


def _take_enclave(ros: RosArguments, enclave: str) -> None:
    raise ValueError(f"security enclaves ({enclave!r}) need ROS; start the node of a ROS install for them")
