"""From JSON to frozen dataclasses, field by field, with errors that name the field."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any


class VariantError(ValueError):
    """A variant that does not exist, or a variant file that cannot be understood."""


def read_dataclass(cls: Any, raw: Any, where: str) -> Any:
    """Build dataclass `cls` from `raw`, a mapping read from JSON.

    Fields may be of type int, float, str, bool, `Literal`, `X | None`, tuples (JSON lists) of these, and
    further dataclasses.

    Raises:
        VariantError: for a field that is unknown, missing or of another type; it starts with `where`.
    """
    if not isinstance(raw, dict):
        raise VariantError(f"{where}: an object is wanted, not {type(raw).__name__}")
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    unknown = sorted(set(raw) - set(fields))
    if unknown:
        raise VariantError(f"{where}: unknown field '{unknown[0]}'; known: {', '.join(fields)}")
    values = {}
    for name, f in fields.items():
        if name in raw:
            values[name] = _convert(hints[name], raw[name], f"{where}: {name}")
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise VariantError(f"{where}: field '{name}' is missing")
    return cls(**values)


def _convert(hint: Any, raw: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return read_dataclass(hint, raw, where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType or origin is typing.Union:  # only "X | None" occurs
        return None if raw is None else _convert(arguments[0], raw, where)
    if origin is typing.Literal:
        if raw not in arguments:
            raise VariantError(f"{where}: one of {', '.join(map(str, arguments))} is wanted, not {raw!r}")
        return raw
    if origin is tuple:
        if not isinstance(raw, list):
            raise VariantError(f"{where}: a list is wanted, not {raw!r}")
        inner = arguments[0]
        if arguments[-1] is not Ellipsis and len(raw) != len(arguments):
            raise VariantError(f"{where}: {len(arguments)} entries are wanted, not {len(raw)}")
        return tuple(_convert(inner, item, where) for item in raw)
    if hint is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if not isinstance(raw, hint) or (hint is int and isinstance(raw, bool)):
        raise VariantError(f"{where}: {hint.__name__} is wanted, not {raw!r}")
    return raw
