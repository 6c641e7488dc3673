"""Weights files and variant files, sound and damaged; some hold code that must not run."""

from __future__ import annotations

import argparse
import io
import json
import os
import pickle
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch

from fuzzing.damage import damaged
from fuzzing.networks import small_network, small_variant
from fuzzing.promises import one_line, promise
from fuzzing.scratch import scratch
from ssp_sam_ros.network import SSPSAM, Variant
from ssp_sam_ros.network.variant import VariantError
from ssp_sam_ros.weights import WeightsError, load_network, save_network

_FORM = "released"
_NUMBERS = re.compile(r"\d+")
_NEW_NUMBERS = (
    "0",
    "-1",
    "1",
    "3",
    "7",
    "1e3",
    "2.5",
    "true",
    "null",
    '"4"',
    "[1]",
    "100000",
    "1" + "0" * 30,
)


def fuzz(rng: np.random.Generator) -> str:
    """A file loads as a network of its shapes with finite values, or is refused in one line."""
    if rng.random() < 0.3:
        return _variant(rng)
    path, canary = scratch() / "weights.bin", scratch() / "canary"
    kind = str(rng.choice(["safetensors", "safetensors", "zip", "legacy", "spoilt", "code"]))
    path.write_bytes(_WRITERS[kind](rng, canary))
    variant = small_variant(_FORM)
    try:
        network, info = load_network(variant, path, folders=())
    except (WeightsError, VariantError) as error:
        one_line(error)
        return "refused"
    finally:
        promise(not canary.exists(), "code out of the file has run")
    promise(kind != "code", "a file with code was loaded")
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    wanted = {name: value.shape for name, value in _network().state_dict().items()}
    promise(network.variant != variant or shapes == wanted, "other shapes than the variant's")
    finite = all(bool(torch.isfinite(p).all()) for p in network.parameters())
    promise(finite and len(info.digest) == 64, "values that are not finite were loaded")
    return "loaded"


def _variant(rng: np.random.Generator) -> str:
    text = small_variant(_FORM).to_json()
    if rng.random() < 0.7:
        spots = list(_NUMBERS.finditer(text))
        for _ in range(int(rng.integers(1, 4))):
            spot = spots[int(rng.integers(0, len(spots)))]
            new = str(rng.choice(np.array(_NEW_NUMBERS, object)))
            text = text[: spot.start()] + new + text[spot.end() :]
            spots = list(_NUMBERS.finditer(text))
    else:
        text = damaged(text.encode(), rng).decode("utf-8", errors="replace")
    try:
        variant = Variant.from_json(text, "variant.json")
    except VariantError as error:
        one_line(error)
        return "refused"
    promise(Variant.from_json(variant.to_json()) == variant, "a variant is not what it is written as")
    return "variant"


def _safetensors(rng: np.random.Generator, _canary: Path) -> bytes:
    data = _saved()
    header = int.from_bytes(data[:8], "little") + 8
    if rng.random() < 0.7:  # most of the file is values: aim at what can break
        return damaged(data[:header], rng) + data[header:]
    return damaged(data, rng)


def _spoilt(rng: np.random.Generator, _canary: Path) -> bytes:
    """A sound file with one tensor that is missing, extra, misshapen, of another type, or not finite."""
    state: dict[object, object] = {}
    state.update(_network().state_dict())
    name = str(rng.choice(list(map(str, state))))
    tensor = state.pop(name)
    assert isinstance(tensor, torch.Tensor)
    replacements: tuple[Callable[[], object], ...] = (
        lambda: None,
        lambda: tensor[None],
        lambda: torch.full(tensor.shape, float("nan")),
        lambda: tensor.to(torch.float64),
        lambda: tensor.to(torch.complex64),
        lambda: tensor.to_sparse() if tensor.ndim else tensor,
        lambda: torch.empty(tensor.shape, device="meta"),
        lambda: tensor.to(torch.int64),
        lambda: "text",
        lambda: torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8),
    )
    choice = int(rng.integers(0, len(replacements)))
    if choice:
        state[name] = replacements[choice]()
    if rng.random() < 0.2:
        state[rng.choice(np.array(["extra", "", 5, name + ".x"], object))] = torch.zeros(2)
    return _torch_file({"model": state}, legacy=bool(rng.random() < 0.3))


class _Harmful:
    """Unpickled, it would leave a file behind."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.canary),)


def _code(rng: np.random.Generator, canary: Path) -> bytes:
    content = {"model": _network().state_dict(), "optimizer": _Harmful(canary)}
    match int(rng.integers(0, 3)):
        case 0:
            return pickle.dumps(content, protocol=2)
        case 1:
            return _torch_file(content, legacy=True)
    return _torch_file(content, legacy=False)


def _torch_file(content: object, legacy: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


@cache
def _authors_file(legacy: bool) -> bytes:
    state = dict(_network().state_dict())
    return _torch_file({"model": state, "epoch": 3, "args": argparse.Namespace(lr=1e-4)}, legacy)


@cache
def _saved() -> bytes:
    path = scratch() / "saved.safetensors"
    save_network(path, _network(), {"domain": "fuzz"})
    data = path.read_bytes()
    json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return data


@cache
def _network() -> SSPSAM:
    return small_network(_FORM)


_WRITERS: dict[str, Callable[[np.random.Generator, Path], bytes]] = {
    "safetensors": _safetensors,
    "zip": lambda rng, _canary: damaged(_authors_file(legacy=False), rng),
    "legacy": lambda rng, _canary: damaged(_authors_file(legacy=True), rng),
    "spoilt": _spoilt,
    "code": _code,
}
