"""ROS 2 parameter files: `node name or wildcard: ros__parameters: name: value`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

_SECTION = "ros__parameters"


def parameters_of(path: Path, node: str) -> dict[str, object]:
    """The parameters that a file gives to one node; where entries repeat, the later one counts.

    Args:
        path: YAML file.
        node: full name, e.g. `/robot/ssp_sam`.

    Returns:
        Values by name; nested names are joined with dots.

    Raises:
        ValueError: the file cannot be read, is not YAML or has no `ros__parameters`.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"parameter file {path}: {error.strerror or error}") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or no such day, for example
        raise ValueError(f"parameter file {path} is not YAML: {error}") from None
    except RecursionError:
        raise ValueError(f"parameter file {path} is nested too deeply") from None
    if not isinstance(content, Mapping):
        raise ValueError(f"parameter file {path} must map node names (or /**) to ros__parameters")
    merged: dict[str, object] = {}
    try:
        for pattern, section in _sections(content, "", path):
            if _matches(pattern, node):
                merged.update(_flatten(section, ""))
    except RecursionError:  # an anchor that holds its own alias
        raise ValueError(f"parameter file {path}: an entry holds itself") from None
    return merged


def _sections(
    tree: Mapping[object, object], prefix: str, path: Path
) -> Iterator[tuple[str, Mapping[object, object]]]:
    """Pairs of node pattern and parameter mapping, in the file's order."""
    for key, value in tree.items():
        if not isinstance(key, str) or not isinstance(value, Mapping):
            raise ValueError(f"parameter file {path}: {key!r} must hold {_SECTION}")
        if key == _SECTION:
            if not prefix:
                raise ValueError(f"parameter file {path}: {_SECTION} needs a node name or /** above it")
            yield prefix, value
        else:
            yield from _sections(value, f"{prefix}/{key.strip('/')}", path)


def _matches(pattern: str, node: str) -> bool:
    """`*` stands for one token of the name, `**` for any number of them (rcl's rule)."""
    expression = "".join(
        "(/[^/]+)*" if token == "**" else "/[^/]+" if token == "*" else "/" + re.escape(token)
        for token in pattern.strip("/").split("/")
    )
    return re.fullmatch(expression, node) is not None


def _flatten(section: Mapping[object, object], prefix: str) -> Iterator[tuple[str, object]]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
