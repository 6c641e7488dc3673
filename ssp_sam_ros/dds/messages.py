"""Message classes of one ROS distribution, and their CDR bytes."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from ssp_sam_ros.dds.vision_msgs import VISION_MSGS
from ssp_sam_ros.interface.message_files import message_texts

DEFAULT_DISTRIBUTION = "jazzy"

_ZEROS = {"string": "", "bool": False, "float32": 0.0, "float64": 0.0}
_DTYPES = {"bool": np.bool_, "byte": np.uint8, "char": np.uint8, "octet": np.uint8}


@cache
def typestore(distribution: str | None = None) -> Typestore:
    """All message definitions of a ROS 2 distribution with vision_msgs and ssp_sam_msgs.

    Args:
        distribution: e.g. "humble"; default: the environment's ROS_DISTRO, else jazzy.

    Raises:
        ValueError: the installed rosbags does not know the distribution.
    """
    name = distribution or os.environ.get("ROS_DISTRO") or DEFAULT_DISTRIBUTION
    try:
        store = get_typestore(Stores.LATEST if name == "rolling" else Stores[f"ROS2_{name.upper()}"])
    except KeyError:
        known = ", ".join(s.name.removeprefix("ROS2_").lower() for s in Stores if s.name.startswith("ROS2_"))
        raise ValueError(f"ROS distribution {name!r} is not known here; known are {known}") from None
    definitions: dict[str, Any] = {}
    for type_name, text in (VISION_MSGS | message_texts()).items():
        definitions.update(get_types_from_msg(text, type_name))
    store.register(definitions)
    return store


def make(type_name: str, **fields: Any) -> Any:
    """A message with the fields given; the others are zero, empty or false, as in rclpy.

    Raises:
        TypeError: the message has no such field.
    """
    store = typestore()
    values: dict[str, Any] = {
        name: fields.pop(name) if name in fields else _default(store, desc)
        for name, desc in store.fielddefs[type_name][1]
    }
    if fields:
        raise TypeError(f"{type_name} has no field {', '.join(fields)}")
    return store.types[type_name](**values)


def _default(store: Typestore, desc: Any) -> object:
    kind, detail = desc
    if kind == Nodetype.BASE:
        return _ZEROS.get(detail[0], 0)
    if kind == Nodetype.NAME:
        return make(detail)
    (item_kind, item), length = detail
    count = length if kind == Nodetype.ARRAY else 0
    if item_kind == Nodetype.BASE and item[0] != "string":
        return np.zeros(count, dtype=_DTYPES.get(item[0], item[0]))
    return [_default(store, (item_kind, item)) for _ in range(count)]


def serialize(message: object, type_name: str) -> bytes:
    """The CDR bytes of a message, with the encapsulation header."""
    return bytes(typestore().serialize_cdr(message, type_name))


def deserialize(data: bytes, type_name: str) -> Any:
    """A message from its CDR bytes; arrays are views of them.

    Raises:
        rosbags.serde.SerdeError: the bytes are no message of that type.
    """
    return typestore().deserialize_cdr(memoryview(data), type_name)  # slices of bytes would be copies


def prepare(type_name: str) -> None:
    """Have the (de)serialising code generated now; else the first message takes a tenth of a second."""
    deserialize(serialize(make(type_name), type_name), type_name)


def type_hash(type_name: str) -> str:
    """The type's REP-2016 hash, `RIHS01_...`."""
    return typestore().hash_rihs01(type_name)
