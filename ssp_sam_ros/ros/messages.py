"""Messages of rclpy's classes, made the way `session.messages.MessageBuilder` asks for them."""

from __future__ import annotations

import importlib
from array import array
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np


@cache
def message_class(type_name: str) -> type[Any]:
    """The class of e.g. `sensor_msgs/msg/Image` or `ssp_sam_msgs/srv/Segment`.

    Raises:
        ImportError: the package is not built, its setup file is not sourced, or it has no such type.
    """
    package, kind, name = type_name.split("/")
    try:
        module = importlib.import_module(f"{package}.{kind}")
    except ImportError as error:
        raise ImportError(
            f"{type_name} needs the ROS package {package} ({error}): "
            "install or build it, and source its setup file"
        ) from error
    if not hasattr(module, name):
        raise ImportError(
            f"the ROS package {package} that is sourced has no type {type_name}: it is another version, or "
            "another package of that name; install the one that has it, or name a type that this one has"
        )
    return getattr(module, name)


def make(type_name: str, **fields: Any) -> Any:
    """A message with these fields; all others are zero, empty or false."""
    message = message_class(type_name)()
    converters = _converters(type_name)
    for name, value in fields.items():
        convert = converters.get(name)
        setattr(message, name, value if convert is None else convert(value))
    return message


def _bytes_of(value: Any) -> array[int]:
    """`uint8[]` as an array: a list of bytes would take tens of milliseconds, NumPy's own is not taken."""
    data = array("B")
    data.frombytes(np.ascontiguousarray(value, dtype=np.uint8).data)
    return data


# rclpy's C code takes exactly these types; NumPy's scalars are not among them.
_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "sequence<uint8>": _bytes_of,
    "octet": lambda value: bytes([value]),
    "double": float,
    "float": float,
    "boolean": bool,
}


@cache
def _converters(type_name: str) -> dict[str, Callable[[Any], Any]]:
    fields = message_class(type_name).get_fields_and_field_types()
    return {name: _CONVERTERS[kind] for name, kind in fields.items() if kind in _CONVERTERS}
