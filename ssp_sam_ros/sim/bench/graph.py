"""The bench's scene graph: the simple world's, with footprints that are long, things on and in each other,
and objects that are seen too badly to be spoken of.

Every question has the answers YES, NO and UNCLEAR (see `sim.graph`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import NO, UNCLEAR, YES, SceneGraph, graded
from .geometry import segment_distance
from .scene import BenchObject
from .words import DOUBTFUL, GROUPS, METAL, WOODEN

HELD = ("on", "in")
# Free space on the table, metres: below the first YES, above the second NO. "Near" may be farther off.
_BESIDE = {"next": (0.05, 0.12), "near": (0.05, 0.25)}
# The colours that a material's own parts have, whatever the object's colour: a steel blade, a wooden handle.
_LOOKS_LIKE = {METAL: "silver", WOODEN: "brown"}
# How much nearer to an anchor is clearly nearer, metres and share.
_CLOSER = (0.05, 0.25)


class BenchGraph(SceneGraph):
    """Attributes, places and relations of the objects of one picture.

    Args:
        objects: the visible objects.
        image_size: (width, height) of the picture in pixels.
    """

    objects: tuple[BenchObject, ...]

    def __init__(self, objects: Sequence[BenchObject], image_size: tuple[int, int]) -> None:
        """Sizes are told by comparison: note which nouns are there in both."""
        super().__init__(objects, image_size)
        self.objects = tuple(objects)
        sizes: dict[str, set[str]] = {}
        for item in objects:
            if item.clear:
                sizes.setdefault(item.noun, set()).add(item.size)
        self._contrast = frozenset(noun for noun, found in sizes.items() if len(found) == 2)
        self._gaps: dict[tuple[int, int], float] = {}

    def noun(self, word: str, i: int) -> int:
        """Whether object i is one of these; `word` is a noun or a group."""
        noun = self.objects[i].noun
        if noun == word or noun in GROUPS.get(word, ()):
            return YES
        return UNCLEAR if noun in DOUBTFUL.get(word, ()) else NO

    def colour(self, word: str, i: int) -> int:
        """Whether object i has this colour; unclear where that of a large part of it is another one."""
        item = self.objects[i]
        return YES if item.colour == word else UNCLEAR if word in item.also else NO

    def material(self, word: str, i: int) -> int:
        """Whether object i is of this material; unclear where a large part of it is."""
        item = self.objects[i]
        return YES if item.material == word else UNCLEAR if _LOOKS_LIKE.get(word) in item.also else NO

    def size(self, word: str, i: int) -> int:
        """Whether object i is small or large for its noun; never NO with nothing to compare with."""
        item = self.objects[i]
        if item.size == word:
            return YES
        return NO if item.noun in self._contrast else UNCLEAR

    def _related(self, relation: str, i: int, j: int) -> int:
        a, b = self.objects[i], self.objects[j]
        touching = a.holder == j or b.holder == i
        if relation in HELD:
            if a.holder == j:  # with the wrong preposition people still know what is meant
                return YES if a.held == relation else UNCLEAR
            return UNCLEAR if not touching and self._gap(i, j) < 0.02 else NO
        if touching:
            return UNCLEAR
        if relation in _BESIDE:
            answer = graded(self._gap(i, j), *_BESIDE[relation])
            return UNCLEAR if answer == YES and a.holder != b.holder else answer  # one stands higher
        return super()._related(relation, i, j)

    def _gap(self, i: int, j: int) -> float:
        """Free space on the table between two footprints, metres."""
        key = (min(i, j), max(i, j))
        if key not in self._gaps:
            a, b = self.objects[i], self.objects[j]
            self._gaps[key] = segment_distance(a.ends, b.ends) - a.radius - b.radius
        return self._gaps[key]

    def closest(self, candidates: Sequence[int], anchor: int) -> int | None:
        """The candidate that is clearly the closest to the anchor; None where that is not clear.

        Of what is on or in the anchor, or holds it, one says that instead.
        """
        if any(self.objects[i].holder == anchor or self.objects[anchor].holder == i for i in candidates):
            return None
        ranked = sorted((max(0.0, self._gap(i, anchor)), i) for i in candidates)
        if len(ranked) < 2:
            return None
        (first, index), (second, _) = ranked[0], ranked[1]
        return index if second - first > max(_CLOSER[0], _CLOSER[1] * second) else None
