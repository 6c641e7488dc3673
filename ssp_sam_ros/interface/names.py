"""ROS 2 names: validity, expansion of relative and private names, remapping.

The rules are those of the ROS 2 design article "Topic and Service name mapping"; substitutions in braces are
not supported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True)
class Remap:
    """One `from:=to` rule; `node` limits it to the node of that name."""

    match: str
    replacement: str
    node: str | None = None


def check_node_name(name: str) -> str:
    """The name itself, or ValueError where it cannot name a node."""
    if not _TOKEN.match(name):
        raise ValueError(
            f"{name!r} is not a node name: letters, digits and underscores, not starting with a digit"
        )
    return name


def check_namespace(namespace: str) -> str:
    """The absolute form of a namespace ("robot" and "/robot" both give "/robot"), or ValueError."""
    absolute = namespace if namespace.startswith("/") else f"/{namespace}"
    if absolute != "/":
        _check_tokens(absolute[1:], namespace, "namespace")
    return absolute


def check_topic_name(name: str) -> str:
    """The name itself, or ValueError where it is no absolute, relative or private topic name."""
    tokens = name[2:] if name.startswith("~/") else name[1:] if name.startswith("/") else name
    if name != "~":
        _check_tokens(tokens, name, "topic name")
    return name


def _check_tokens(tokens: str, whole: str, kind: str) -> None:
    for token in tokens.split("/"):
        if not _TOKEN.match(token):
            raise ValueError(
                f"{whole!r} is not a {kind}: {token!r} must be letters, digits and underscores, "
                "not starting with a digit"
            )


@dataclass(frozen=True)
class NodeNames:
    """A node's name, namespace and remapping rules; resolves the names of its topics."""

    node: str
    namespace: str = "/"
    remaps: tuple[Remap, ...] = ()

    def __post_init__(self) -> None:
        check_node_name(self.node)
        object.__setattr__(self, "namespace", check_namespace(self.namespace))

    @property
    def full_name(self) -> str:
        """Namespace and node name, e.g. `/robot/ssp_sam`."""
        return f"{self.namespace.rstrip('/')}/{self.node}"

    def expand(self, name: str) -> str:
        """The absolute name of an absolute, relative or private one, before remapping."""
        check_topic_name(name)
        if name.startswith("/"):
            return name
        if name == "~":
            return self.full_name
        if name.startswith("~/"):
            return f"{self.full_name}/{name[2:]}"
        return f"{self.namespace.rstrip('/')}/{name}"

    def resolve(self, name: str) -> str:
        """The absolute name after remapping: the first rule that matches decides."""
        expanded = self.expand(name)
        for rule in self.remaps:
            if rule.node in (None, self.node) and self.expand(rule.match) == expanded:
                return self.expand(rule.replacement)
        return expanded

    def with_default_remaps(self, defaults: Iterable[Remap]) -> NodeNames:
        """The same names with further rules that apply where none of the present ones does."""
        return NodeNames(self.node, self.namespace, (*self.remaps, *defaults))
