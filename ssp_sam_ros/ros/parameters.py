"""The parameter table declared on a node of rclpy, checked when set, and read back."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.parameter import Parameter

from ssp_sam_ros.interface.parameters import (
    PARAMETERS,
    QOS_OVERRIDES,
    Parameters,
    ParameterSpec,
    unknown_name,
)

_TYPES = {
    "bool": Parameter.Type.BOOL,
    "integer": Parameter.Type.INTEGER,
    "double": Parameter.Type.DOUBLE,
    "string": Parameter.Type.STRING,
    "string_array": Parameter.Type.STRING_ARRAY,
}
# Declared by rclpy itself.
_OF_RCLPY = ("use_sim_time", "start_type_description_service")

log = logging.getLogger("ssp_sam")


def descriptor(spec: ParameterSpec) -> ParameterDescriptor:
    """What `ros2 param describe` shows of a parameter."""
    found = ParameterDescriptor(
        name=spec.name,
        type=_TYPES[spec.type].value,
        description=spec.description,
        read_only=spec.read_only,
    )
    if spec.choices:
        found.additional_constraints = f"one of {', '.join(spec.choices)}"
    if spec.minimum is not None and spec.maximum is not None:
        if spec.type == "integer":
            limits = IntegerRange(from_value=int(spec.minimum), to_value=int(spec.maximum), step=1)
            found.integer_range = [limits]
        else:
            # Step 0: any value between.
            limits = FloatingPointRange(from_value=spec.minimum, to_value=spec.maximum, step=0.0)
            found.floating_point_range = [limits]
    return found


def declare(node: Any, table: Mapping[str, ParameterSpec] = PARAMETERS) -> Parameters:
    """Declare a table on a node made with `automatically_declare_parameters_from_overrides`.

    The overrides are checked by the table, so that its sentences are what a user reads and `max_rate: 5` is
    as good as `5.0`.

    Raises:
        ValueError: an override does not fit.
    """
    given = {name: found.value for name, found in node.get_parameters_by_prefix("").items()}
    values: dict[str, object] = {}
    overrides: dict[str, object] = {}
    for name, value in given.items():
        if name in _OF_RCLPY:
            continue
        if name in table:
            values[name] = table[name].check(value)
        elif name.startswith(QOS_OVERRIDES):
            overrides[name] = value
        else:
            log.warning("%s", unknown_name(name, table))
            continue
        node.undeclare_parameter(name)  # rclpy made it up from the override; now with its description
    for spec in table.values():
        if spec.name not in _OF_RCLPY:
            value = values.get(spec.name, spec.default)
            node.declare_parameter(spec.name, _ros_value(value), descriptor(spec), ignore_override=True)
    return Parameters.from_overrides({**current(node, table), **overrides}, table)


def current(node: Any, table: Mapping[str, ParameterSpec] = PARAMETERS) -> dict[str, object]:
    """The values of a table's parameters at this moment."""
    return {name: table[name].check(node.get_parameter(name).value) for name in table}


def check(
    parameters: Sequence[Parameter], table: Mapping[str, ParameterSpec] = PARAMETERS
) -> SetParametersResult:
    """Whether values fit a table; changes nothing."""
    try:
        for parameter in parameters:
            if parameter.name in table:
                table[parameter.name].check(parameter.value)
    except ValueError as error:
        return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)


def _ros_value(value: object) -> object:
    """rclpy cannot tell the type of an empty list; one unnamed camera is what no camera's name means."""
    if isinstance(value, tuple):
        return list(value) or [""]
    return value
