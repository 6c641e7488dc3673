"""Every parameter of the node once: name, type, default, range, description, read-only or not."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Value = bool | int | float | str | tuple[str, ...]
Type = Literal["bool", "integer", "double", "string", "string_array"]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "bool": bool,
    "integer": int,
    "double": (int, float),
    "string": str,
}


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter, in the terms of rcl_interfaces/ParameterDescriptor."""

    name: str
    type: Type
    default: Value
    description: str
    read_only: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def check(self, value: object) -> Value:
        """The value in this parameter's type.

        An integer is accepted for a double (`-p max_rate:=5`).

        Raises:
            ValueError: wrong type, out of range or not one of the choices; the text names parameter and
            value.
        """
        if self.type == "string_array":
            if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
                raise ValueError(f"parameter {self.name!r} must be a list of strings, not {value!r}")
            return tuple(value)
        fits = isinstance(value, _TYPES[self.type]) and (self.type == "bool" or not isinstance(value, bool))
        if not fits:
            raise ValueError(f"parameter {self.name!r} must be a {self.type}, not {value!r}")
        if self.type == "double":
            try:
                value = float(value)  # type: ignore[arg-type]
            except OverflowError:  # an integer beyond the largest double
                value = math.inf if value > 0 else -math.inf  # type: ignore[operator]
            if math.isnan(value):
                raise ValueError(f"parameter {self.name!r} must be a number, not nan")
        if isinstance(value, (int, float)):
            if self.minimum is not None and value < self.minimum:
                raise ValueError(f"parameter {self.name!r} must be at least {self.minimum:g}, not {value!r}")
            if self.maximum is not None and value > self.maximum:
                raise ValueError(f"parameter {self.name!r} must be at most {self.maximum:g}, not {value!r}")
        if self.choices and value not in self.choices:
            raise ValueError(
                f"parameter {self.name!r} must be one of {', '.join(self.choices)}, not {value!r}"
            )
        return value  # type: ignore[return-value]


_SPECS = (
    ParameterSpec(
        "model",
        "string",
        "ssp_sam_tiny",
        "model variant: ssp_sam_tiny, ssp_sam_224, ssp_sam_336, or a path to a variant JSON file",
        read_only=True,
    ),
    ParameterSpec(
        "weights",
        "string",
        "",
        "weights file; empty: those shipped with the variant; 'random': untrained, for tests of the wiring",
        read_only=True,
    ),
    ParameterSpec(
        "device", "string", "auto", "auto, cpu, cuda or cuda:N; a named device must exist", read_only=True
    ),
    ParameterSpec(
        "dtype",
        "string",
        "auto",
        "arithmetic of the network; float32 is the exact one",
        read_only=True,
        choices=("auto", "float32", "bfloat16", "float16"),
    ),
    ParameterSpec(
        "threads",
        "integer",
        0,
        "CPU threads of the network; 0: one for each core. Fewer leave room for other programs",
        read_only=True,
        minimum=0,
        maximum=1024,
    ),
    ParameterSpec(
        "image_transport",
        "string",
        "raw",
        "raw: subscribe to image; compressed: subscribe to image/compressed",
        read_only=True,
        choices=("raw", "compressed"),
    ),
    ParameterSpec(
        "cameras",
        "string_array",
        (),
        "names of several cameras: [left, right] gives left/image, ~/left/mask, ...; empty: one camera",
        read_only=True,
    ),
    ParameterSpec(
        "batch_cameras",
        "string",
        "auto",
        "with several cameras: pictures that wait at the same time go through the network together; "
        "auto: on CUDA",
        choices=("auto", "always", "never"),
    ),
    ParameterSpec(
        "autostart", "bool", True, "configure and activate at start (lifecycle node of ROS)", read_only=True
    ),
    ParameterSpec("use_sim_time", "bool", False, "take the time from /clock", read_only=True),
    ParameterSpec(
        "max_image_age",
        "double",
        0.5,
        "seconds; with no picture younger than this, an active expression becomes STALE",
        minimum=0.01,
        maximum=3600.0,
    ),
    ParameterSpec(
        "max_rate",
        "double",
        0.0,
        "most pictures a second and camera; 0: no limit",
        minimum=0.0,
        maximum=1000.0,
    ),
    ParameterSpec(
        "max_expressions",
        "integer",
        32,
        "most expressions that may be active at once; a longer array is refused",
        minimum=1,
        maximum=32,
    ),
    ParameterSpec(
        "no_target_threshold",
        "double",
        0.5,
        "NO_TARGET from this no-target probability on",
        minimum=0.0,
        maximum=1.0,
    ),
    ParameterSpec(
        "no_target_min_pixels",
        "integer",
        50,
        "pixels a target must cover at least, for a picture with a long side of 512; scales with the picture",
        minimum=1,
        maximum=262144,
    ),
    ParameterSpec(
        "depth_max_offset",
        "double",
        0.05,
        "seconds; largest difference of stamps between a picture and the depth used for its points",
        minimum=0.0,
        maximum=10.0,
    ),
    ParameterSpec(
        "target_points_voxel_size",
        "double",
        0.0,
        "metres; points within a cube of this edge become their mean; 0: every point goes out",
        minimum=0.0,
        maximum=1.0,
    ),
    ParameterSpec(
        "static_scene_threshold",
        "double",
        0.0,
        "grey levels; while no cell of 16 x 16 pixels changes by more, the embedding is used again; 0: never",
        minimum=0.0,
        maximum=255.0,
    ),
    ParameterSpec(
        "max_embedding_age",
        "double",
        1.0,
        "seconds; a picture is embedded anew after this, also in a scene that stands still",
        minimum=0.0,
        maximum=3600.0,
    ),
)

PARAMETERS: dict[str, ParameterSpec] = {spec.name: spec for spec in _SPECS}
QOS_OVERRIDES = "qos_overrides."


def unknown_name(name: str, known: Iterable[str]) -> str:
    """One line for a name that does not exist, naming the close match where there is one."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"unknown parameter {name!r}: did you mean {close[0]!r}?"
    return f"unknown parameter {name!r}; known are {', '.join(known)}"


@dataclass(frozen=True)
class Parameters:
    """A full set of checked values: every parameter of a table, and the QoS overrides by full name."""

    values: Mapping[str, Value]
    qos_overrides: Mapping[str, object]

    @classmethod
    def from_overrides(
        cls, overrides: Mapping[str, object], table: Mapping[str, ParameterSpec] = PARAMETERS
    ) -> Parameters:
        """Defaults of a table with overrides on top (from YAML, `-p`, or a command line).

        Raises:
            ValueError: an unknown name (with the close match) or a value that does not fit.
        """
        values = {spec.name: spec.default for spec in table.values()}
        qos = {}
        for name, value in overrides.items():
            if name.startswith(QOS_OVERRIDES):
                qos[name] = value
            elif name in table:
                values[name] = table[name].check(value)
            else:
                raise ValueError(unknown_name(name, table))
        return cls(values, qos)

    def text(self, name: str) -> str:
        """The value of a string parameter."""
        return self._typed(name, str)

    def number(self, name: str) -> float:
        """The value of a double parameter."""
        return self._typed(name, float)

    def count(self, name: str) -> int:
        """The value of an integer parameter."""
        return self._typed(name, int)

    def flag(self, name: str) -> bool:
        """The value of a bool parameter."""
        return self._typed(name, bool)

    def names(self, name: str) -> tuple[str, ...]:
        """The value of a string array parameter."""
        return self._typed(name, tuple)

    def _typed(self, name: str, kind: type) -> Any:
        value = self.values[name]
        if not isinstance(value, kind):
            raise TypeError(f"parameter {name!r} is no {kind.__name__}: {value!r}")
        return value
