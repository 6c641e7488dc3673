"""The kinds of input and their shares of the whole."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np


@dataclass(frozen=True)
class Kind:
    """One kind: the module of this package that has its `fuzz`, and its share in percent."""

    name: str
    module: str
    share: int

    @property
    def fuzz(self) -> Callable[[np.random.Generator], str]:
        """The function that tries one input; importing it loads the network."""
        function: Callable[[np.random.Generator], str] = import_module(f"fuzzing.{self.module}").fuzz
        return function


KINDS = {
    kind.name: kind
    for kind in (
        Kind("picture", "pictures", 24),
        Kind("file", "picture_files", 20),
        Kind("sentence", "sentences", 24),
        Kind("checkpoint", "checkpoints", 12),
        Kind("parameter", "parameters", 12),
        Kind("message", "messages", 8),
        Kind("misbehaviour", "misbehaviour", 0),
    )
}

Case = tuple[str, int]
"""Name of the kind, and number of the input."""


def generator(seed: int, case: Case) -> np.random.Generator:
    """The random numbers of one input: they depend on nothing else, so that it can be tried again alone."""
    name, index = case
    return np.random.default_rng([seed, zlib.crc32(name.encode()), index])


def cases(count: int) -> list[Case]:
    """`count` inputs, the kinds by their shares and well mixed."""
    numbers = {name: count * kind.share // 100 for name, kind in KINDS.items()}
    numbers["picture"] += count - sum(numbers.values())
    mixed = [(index / number, (name, index)) for name, number in numbers.items() for index in range(number)]
    return [case for _, case in sorted(mixed)]
