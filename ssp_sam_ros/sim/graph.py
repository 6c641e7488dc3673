"""The scene graph: what holds between the objects of a scene, as the viewer sees it, in three values.

Every question has the answers YES, NO and UNCLEAR. The margins between YES and NO are wide on purpose: a
sentence is only used where a person looking at the picture would not hesitate.

Lengths in the picture are fractions of its height. Left and right compare centroids, front and back compare
where objects stand (for one camera, the picture row of a table point tells its distance along the view).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from .scene import SceneObject

YES, UNCLEAR, NO = 1, 0, -1

PLACES = ("left", "right", "front", "back", "middle")
EXTREMES = ("leftmost", "rightmost", "nearest", "farthest")
RELATIONS = ("left", "right", "front", "behind", "next")


def graded(value: float, yes_below: float, no_above: float) -> int:
    """YES under the first bound, NO above the second, UNCLEAR between."""
    return YES if value < yes_below else NO if value > no_above else UNCLEAR


class SceneGraph:
    """Places and relations of the objects of one picture.

    Args:
        objects: the visible objects.
        image_size: (width, height) of the picture in pixels.
    """

    def __init__(self, objects: Sequence[SceneObject], image_size: tuple[int, int]) -> None:
        """Nothing is computed before it is asked."""
        width, height = image_size
        self.objects = tuple(objects)
        self.aspect = width / height
        self.x = [item.centroid[0] / height for item in objects]
        self.y = [item.centroid[1] / height for item in objects]
        self.foot = [item.foot[1] / height for item in objects]
        self._relations: dict[tuple[str, int, int], int] = {}
        self._places: dict[tuple[str, int], int] = {}

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.objects)

    def place(self, where: str, i: int) -> int:
        """Whether object i is in this part of the picture (one of `PLACES`)."""
        key = (where, i)
        if key not in self._places:
            self._places[key] = self._place(where, i)
        return self._places[key]

    def _place(self, where: str, i: int) -> int:
        across, down = self.x[i] / self.aspect, self.foot[i]
        if where == "left":
            return graded(across, 0.42, 0.53)
        if where == "right":
            return graded(1 - across, 0.42, 0.53)
        if where == "back":
            return graded(down, 0.42, 0.54)
        if where == "front":
            return graded(1 - down, 0.40, 0.52)
        sideways, upright = abs(across - 0.5), abs(self.y[i] - 0.5)
        return min(graded(sideways, 0.11, 0.21), graded(upright, 0.14, 0.24))

    def score(self, which: str, i: int) -> tuple[float, float]:
        """How far object i is towards this extreme (one of `EXTREMES`), and how much more is clearly more."""
        if which == "leftmost":
            return -self.x[i], 0.06
        if which == "rightmost":
            return self.x[i], 0.06
        return (self.foot[i], 0.05) if which == "nearest" else (-self.foot[i], 0.05)

    def related(self, relation: str, i: int, j: int) -> int:
        """Whether object i stands in this relation (one of `RELATIONS`) to object j, for the viewer."""
        key = (relation, i, j)
        if key not in self._relations:
            self._relations[key] = self._related(relation, i, j)
        return self._relations[key]

    def _related(self, relation: str, i: int, j: int) -> int:
        if relation == "next":
            return graded(self._gap(i, j), 0.05, 0.12)
        if relation == "right":
            return self.related("left", j, i)
        if relation == "front":
            return self.related("behind", j, i)
        sideways, along = self.x[i] - self.x[j], self.foot[i] - self.foot[j]
        if relation == "left":
            answer = graded(sideways, -0.10, -0.01)
            return UNCLEAR if answer == YES and abs(along) > 1.3 * -sideways else answer
        answer = graded(along, -0.09, -0.01)
        return UNCLEAR if answer == YES and abs(sideways) > 1.3 * -along else answer

    def _gap(self, i: int, j: int) -> float:
        """Free space on the table between two objects, metres."""
        a, b = self.objects[i], self.objects[j]
        apart = hypot(a.position[0] - b.position[0], a.position[1] - b.position[1])
        return apart - a.radius - b.radius

    def between(self, i: int, j: int, k: int) -> int:
        """Whether object i stands between objects j and k: on the table, near the line that joins them."""
        (xi, yi, _), (xj, yj, _), (xk, yk, _) = (self.objects[n].position for n in (i, j, k))
        dx, dy = xk - xj, yk - yj
        length = hypot(dx, dy)
        if length < 1e-6:
            return NO
        along = ((xi - xj) * dx + (yi - yj) * dy) / length**2
        off = abs((xi - xj) * dy - (yi - yj) * dx) / length**2
        return min(graded(abs(along - 0.5), 0.28, 0.52), graded(off, 0.18, 0.5))
