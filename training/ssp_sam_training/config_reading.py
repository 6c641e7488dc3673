"""From YAML and the command line to dataclasses: unknown keys are errors, the command line wins."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml


class ConfigError(ValueError):
    """A configuration that cannot be understood; the text names the key and what is wanted."""


def read_config(cls: Any, path: str | Path, overrides: Sequence[str] = ()) -> Any:
    """Build dataclass `cls` from a YAML file and overrides of the form `key.sub=value`.

    A file may name another under `base`, relative to itself: its keys win over those of the base, mapping by
    mapping; lists are replaced whole, but entries of `stages` are merged by place.

    Raises:
        ConfigError: for unreadable files, unknown keys and values of the wrong type.
    """
    raw = _load(Path(path), ())
    for override in overrides:
        _override(raw, override)
    return _read(cls, raw, str(path))


def _load(path: Path, seen: tuple[Path, ...]) -> Any:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML ({error})") from error
    if not isinstance(raw, dict) or "base" not in raw:
        return raw
    base = path.parent / str(raw.pop("base"))
    if base.resolve() in seen:
        raise ConfigError(f"{path}: base {base} comes round to itself")
    return _merge(_load(base, (*seen, path.resolve())), raw)


def _merge(base: Any, over: Any) -> Any:
    """`over` wins over `base`, key by key and, in lists of mappings of one length, place by place."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{k: _merge(base[k], v) if k in base else v for k, v in over.items()}}
    both_lists = isinstance(base, list) and isinstance(over, list) and len(base) == len(over)
    if both_lists and all(isinstance(x, dict) for x in (*base, *over)):
        return [_merge(a, b) for a, b in zip(base, over, strict=True)]
    return over


def _override(raw: Any, text: str) -> None:
    key, separator, value = text.partition("=")
    if not separator:
        raise ConfigError(f"override '{text}': key=value is wanted")
    *path, last = key.split(".")
    node = raw
    for part in path:
        if isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, dict):
            node = node.setdefault(part, {})
        else:
            raise ConfigError(f"override '{text}': there is no '{part}' to go into")
    if not isinstance(node, dict):
        raise ConfigError(f"override '{text}': there is no '{last}' to set, '{'.'.join(path)}' has no fields")
    try:
        node[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"override '{text}': '{value}' is not valid YAML") from error


def _read(cls: Any, raw: Any, where: str) -> Any:
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: a mapping is wanted, not {raw!r}")
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for name in raw:
        if name not in fields:
            raise ConfigError(f"{where}: unknown key '{name}'{nearest(str(name), fields)}")
    for name, f in fields.items():
        if name not in raw and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{where}: key '{name}' is missing")
    values = {name: _convert(hints[name], value, f"{where}: {name}") for name, value in raw.items()}
    try:
        return cls(**values)
    except ConfigError as error:  # fields that contradict each other
        raise ConfigError(f"{where}: {error}") from None


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say after an unknown name: the nearest known one first, if any is near."""
    known = list(known)
    close = difflib.get_close_matches(name, known, 1)
    hint = f", did you mean '{close[0]}'?" if close else ""
    return f"{hint or ';'} known: {', '.join(known)}"


def _convert(hint: Any, raw: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _read(hint, raw, where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return raw
    if origin is tuple:
        if not isinstance(raw, list):
            raise ConfigError(f"{where}: a list is wanted, not {raw!r}")
        return tuple(_convert(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(raw))
    if origin is dict:
        if not isinstance(raw, dict):
            raise ConfigError(f"{where}: a mapping is wanted, not {raw!r}")
        return {str(k): _convert(arguments[1], v, f"{where}.{k}") for k, v in raw.items()}
    if origin in (types.UnionType, typing.Union):
        return None if raw is None else _convert(arguments[0], raw, where)
    if origin is typing.Literal:
        if raw not in arguments:
            raise ConfigError(f"{where}: one of {', '.join(map(str, arguments))} is wanted, not {raw!r}")
        return raw
    if hint is float:
        # YAML 1.1 reads 6e-4 (no dot) as text.
        try:
            return float(raw)
        except (TypeError, ValueError):
            raise ConfigError(f"{where}: a number is wanted, not {raw!r}") from None
    if not isinstance(raw, hint) or (hint is int and isinstance(raw, bool)):
        raise ConfigError(f"{where}: {hint.__name__} is wanted, not {raw!r}")
    return raw
