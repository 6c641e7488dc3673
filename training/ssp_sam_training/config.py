"""Training configurations: YAML into dataclasses; unknown keys are errors, the command line wins."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


class ConfigError(ValueError):
    """A configuration that cannot be understood; the text names the key and what is wanted."""


@dataclass(frozen=True)
class Data:
    """Where the sentences and pictures come from."""

    root: str = "data/tabletop"
    dataset: str = "grefcoco"
    split_by: str = "unc"
    train_split: str = "train"
    val_split: str = "val"
    # How often a kind of sentence is drawn, relative to the others; kinds not named here weigh 1.
    kind_weights: dict[str, float] = field(default_factory=dict)
    prefetch: int = 4  # batches made ahead of the network


@dataclass(frozen=True)
class Losses:
    """Weights of the loss terms; 0 leaves a term, and the parts of the network that only it needs, out.

    focal, dice, l1 and giou are the paper's (Eq. 12 to 14); the others serve training from scratch.
    """

    focal: float = 0.0
    bce: float = 0.0
    dice: float = 0.0
    l1: float = 0.0
    giou: float = 0.0
    patch: float = 0.0  # which patches the targets cover
    align: float = 0.0  # the same of the similarity of patches and sentence alone
    presence: float = 0.0  # whether there is a target at all
    dense: float = 0.0  # category and attributes of the object in every cell, from the annotations
    dense_background: float = 1.0  # weight of a background cell in it, no term of its own

    @property
    def needs_text(self) -> bool:
        """Whether any term needs the sentences."""
        return self.needs_prompts or bool(self.align)

    @property
    def needs_prompts(self) -> bool:
        """Whether any term needs the prompt generator."""
        return self.needs_mask or bool(self.l1 or self.giou or self.patch or self.presence)

    @property
    def needs_mask(self) -> bool:
        """Whether any term needs the mask decoder."""
        return bool(self.focal or self.bce or self.dice)


@dataclass(frozen=True)
class Stage:
    """One stretch with its own batch shape, losses and learning rate (linear warm-up, then cosine)."""

    name: str
    steps: int
    losses: Losses
    pictures: int  # per step
    sentences: int = 0  # per picture
    lr: float = 6e-4
    lr_end: float = 0.0
    warmup: int = 100
    image_encoder_lr: float = 1.0  # of both image encoders and the dense heads, relative to `lr`


@dataclass(frozen=True)
class Optimiser:
    """AdamW and what goes with it."""

    beta1: float = 0.9
    beta2: float = 0.98
    weight_decay: float = 0.05
    gradient_norm: float = 1.0
    ema: float = 0.998


@dataclass(frozen=True)
class TrainConfig:
    """Everything `train.py` needs to know."""

    variant: str
    stages: tuple[Stage, ...]
    data: Data = field(default_factory=Data)
    optimiser: Optimiser = field(default_factory=Optimiser)
    seed: int = 0
    autocast: bool = True  # bfloat16
    checkpoint_minutes: float = 5.0
    validate_minutes: float = 10.0
    validation_pictures: int = 100
    domain: str = ""  # written into the weights: what kind of pictures they are for


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> TrainConfig:
    """Read a YAML file and apply overrides of the form `data.root=/somewhere` or `stages.2.steps=500`.

    Raises ConfigError for unreadable files, unknown keys and values of the wrong type.
    """
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML ({error})") from error
    for override in overrides:
        _override(raw, override)
    return _read(TrainConfig, raw, str(path))


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """The configuration as plain containers."""
    return dataclasses.asdict(config)


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
    node[last] = yaml.safe_load(value)


def _read(cls: Any, raw: Any, where: str) -> Any:
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: a mapping is wanted, not {raw!r}")
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for name in raw:
        if name not in fields:
            raise ConfigError(f"{where}: unknown key '{name}'; known: {', '.join(fields)}")
    for name, f in fields.items():
        if name not in raw and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{where}: key '{name}' is missing")
    return cls(**{name: _convert(hints[name], value, f"{where}: {name}") for name, value in raw.items()})


def _convert(hint: Any, raw: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _read(hint, raw, where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
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
    if hint is float:
        # YAML 1.1 reads 6e-4 (no dot) as text.
        try:
            return float(raw)
        except (TypeError, ValueError):
            raise ConfigError(f"{where}: a number is wanted, not {raw!r}") from None
    if not isinstance(raw, hint) or (hint is int and isinstance(raw, bool)):
        raise ConfigError(f"{where}: {hint.__name__} is wanted, not {raw!r}")
    return raw
