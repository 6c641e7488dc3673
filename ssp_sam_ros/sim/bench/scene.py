"""What the bench hands out: the simple world's scene with a little more about every object."""

from __future__ import annotations

from dataclasses import dataclass

from ..scene import Scene, SceneObject

# An object is clear with so many pixels in a 320x240 picture (more in a larger one) and this share of its
# silhouette in sight. What is less clear is never a target, and no sentence depends on it.
CLEAR_PIXELS_320 = 80
CLEAR_SHARE = 0.45
# Of what is seen of it so much must have its own colour, and that share of the pixels above at least: a blade
# or a black screen alone tells no colour.
CLEAR_COLOURED = 0.15
CLEAR_COLOURED_PIXELS = 0.3
# A part of another colour that is so much of what is seen may be what a person calls the object by.
LARGE_PART = 0.25


@dataclass(frozen=True)
class BenchObject(SceneObject):
    """One visible object.

    Attributes:
        material: one of `words.MATERIALS`.
        share: visible pixels over those of the whole silhouette, also where it leaves the picture, 0 .. 1.
        clear: whether it is seen well enough to be spoken of.
        ends: the footprint is a capsule of `radius` around the line between these two (x, y), metres.
        holder: index of the object that this one is on or in.
        held: "on" or "in"; None where it stands on the table.
        also: colours of its large parts that do not have its colour: a phone's screen, a knife's blade.
    """

    material: str
    share: float
    clear: bool
    ends: tuple[tuple[float, float], tuple[float, float]]
    holder: int | None = None
    held: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class BenchScene(Scene):
    """One rendered picture with exact visible masks; see `Scene`."""

    objects: tuple[BenchObject, ...]
