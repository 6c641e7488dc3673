"""From a noun to a shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import desk, food, kitchen, tools
from .shape import Shape

_MAKERS: dict[str, Callable[[np.random.Generator], Shape]] = {
    **{
        maker.__name__.rstrip("_"): maker
        for maker in (
            kitchen.mug, kitchen.cup, kitchen.glass, kitchen.bowl, kitchen.plate, kitchen.bottle, kitchen.can,
            kitchen.jar, kitchen.teapot, kitchen.pan, kitchen.spoon, kitchen.fork, kitchen.knife,
            food.apple, food.banana, food.orange, food.lemon, food.pear, food.carrot,
            tools.screwdriver, tools.hammer, tools.wrench, tools.scissors, tools.tape,
            desk.pen, desk.book, desk.phone, desk.box, desk.block_, desk.ball, desk.sponge, desk.car,
        )
    }
}  # fmt: skip


def make_shape(noun: str, scale: float, rng: np.random.Generator) -> Shape:
    """A random variant of this noun with random proportions, `scale` times the usual size."""
    return _MAKERS[noun](rng).scaled(scale)
