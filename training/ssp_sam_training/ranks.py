"""The order of the things of a kind, as labels of objects: which mug is the second from the left.

Sentences with an ordinal are few, and each says one bit about it. That order belongs to the picture alone:
every picture can teach it for every object that is not the only one of its noun or colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .data.refer_set import Annotation

SIDES = ("left", "right", "back", "front")
VALUES = ("1", "2", "3", "4")  # the last one stands for all that follow, too


def rank_kind(group: str, side: str) -> str:
    """Name of the label kind: the order, seen from a side, of objects with the same value of `group`."""
    return f"{group} from the {side}"


def ranks(
    annotations: Sequence[Annotation], groups: Mapping[str, Sequence[object]]
) -> dict[int, dict[str, str]]:
    """Annotation id -> label kind -> value, for all that are not alone in their group.

    groups: name of the grouping -> its value for each of `annotations`; None belongs to no group. Left and
    right go by the middle of the box, back and front by its lower edge, where a thing stands on the table.
    """
    found: dict[int, dict[str, str]] = {annotation.id: {} for annotation in annotations}
    for group, values in groups.items():
        for value in set(values) - {None}:
            members = [a for a, own in zip(annotations, values, strict=True) if own == value]
            if len(members) < 2:
                continue
            across = sorted(members, key=lambda a: a.bbox[0] + a.bbox[2] / 2)
            away = sorted(members, key=lambda a: a.bbox[1] + a.bbox[3])
            orders = {"left": across, "right": across[::-1], "back": away, "front": away[::-1]}
            for side, order in orders.items():
                for place, annotation in enumerate(order):
                    found[annotation.id][rank_kind(group, side)] = VALUES[min(place, len(VALUES) - 1)]
    return found
