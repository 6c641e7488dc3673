"""The words of the simulated world: what an object can be, which colour and which size it can have."""

from __future__ import annotations

NOUNS: tuple[str, ...] = ("mug", "bowl", "bottle", "can", "plate", "box", "ball", "banana")
COLOURS: tuple[str, ...] = ("red", "green", "blue", "yellow", "orange", "purple", "white", "black")
SIZES: tuple[str, ...] = ("small", "large")

PLURALS: dict[str, str] = {
    "mug": "mugs",
    "bowl": "bowls",
    "bottle": "bottles",
    "can": "cans",
    "plate": "plates",
    "box": "boxes",
    "ball": "balls",
    "banana": "bananas",
    "object": "objects",
    "thing": "things",
}
