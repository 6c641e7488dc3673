"""DDS types for ROS messages: true field types for type matching, ready-made CDR bytes for speed.

`cyclonedds` serialises an `IdlStruct` field by field in Python, tens of milliseconds for a picture. The types
made here declare the same fields, so that DDS knows (and checks) what is on the wire, but hand over bytes
that `dds.messages` made, and hand out bytes as they came.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cyclonedds.idl.types
from cyclonedds.idl import IdlStruct, make_idl_struct
from rosbags.interfaces import Nodetype

from ssp_sam_ros.dds.messages import typestore

idl: Any = cyclonedds.idl.types  # its generic types are indexed in ways that type checkers do not know

_BASE: dict[str, Any] = {"bool": bool, "string": str, "byte": idl.uint8, "char": idl.uint8} | {
    name: getattr(idl, name)
    for name in (
        *("int8", "int16", "int32", "int64"),
        *("uint8", "uint16", "uint32", "uint64"),
        *("float32", "float64"),
    )
}


def _keep(sample: Any, cdr: bytes) -> None:
    sample.cdr = cdr


def _serialize(sample: Any, *_args: object, **_options: object) -> bytes:
    return sample.cdr


def _deserialize(cls: type[Any], data: bytes, *_args: object, **_options: object) -> Any:
    return cls(data)


def _deserialize_key(_cls: type[Any], _data: bytes, *_args: object, **_options: object) -> None:
    """ROS messages have no key."""


@cache
def wire_type(type_name: str) -> type[Any]:
    """The DDS type of a message, e.g. `sensor_msgs::msg::dds_::Image_` for `sensor_msgs/msg/Image`.

    A sample is made of CDR bytes, `sample_type(cdr)`, and holds nothing but them, `sample.cdr`.
    """
    # Not by inheritance: the bindings take every base class for a part of the type on the wire.
    sample_type: Any = make_idl_struct(
        _class_name(type_name), _dds_name(type_name), _fields(type_name), dataclassify=False
    )
    sample_type.__init__ = _keep
    sample_type.serialize = _serialize
    sample_type.deserialize = classmethod(_deserialize)
    sample_type.deserialize_key = classmethod(_deserialize_key)
    return sample_type


@cache
def _struct(type_name: str) -> type[IdlStruct]:
    return make_idl_struct(_class_name(type_name), _dds_name(type_name), _fields(type_name))


def _class_name(type_name: str) -> str:
    return type_name.replace("/", "_")


def _dds_name(type_name: str) -> str:
    package, _, name = type_name.split("/")
    return f"{package}.msg.dds_.{name}_"


def _fields(type_name: str) -> dict[str, Any]:
    return {name: _field(desc) for name, desc in typestore().fielddefs[type_name][1]}


def _field(desc: Any) -> Any:
    kind, detail = desc
    if kind == Nodetype.BASE:
        return _BASE[detail[0]]
    if kind == Nodetype.NAME:
        return _struct(detail)
    item, length = detail
    if kind == Nodetype.ARRAY:
        return idl.array[_field(item), length]
    return idl.sequence[_field(item), length] if length else idl.sequence[_field(item)]
