"""Pictures that are in training and in a split to be tested on, by number and by content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..data import Picture

BY_NUMBER, BY_CONTENT = "number", "content"


@dataclass(frozen=True)
class Leak:
    """A photograph on both sides.

    Attributes:
        how: "number", the collections say it is the same picture; "content", the files are the same.
        train: where it is in training, "set split: file".
        test: where it is among the splits held out.
    """

    how: str
    train: str
    test: str


def find_leaks(
    train: Mapping[str, Sequence[Picture]],
    held_out: Mapping[str, Sequence[Picture]],
    keys: Mapping[Picture, str] | None = None,
) -> list[Leak]:
    """Pictures of `held_out` that are in `train` as well.

    Args:
        train, held_out: pictures by what to call where they are ("refcoco train").
        keys: digests of the files (`Picture.key`) of those that can be read; None: numbers alone count.

    Returns:
        A leak per picture held out, by its number where that tells, else by its content.
    """
    by_number = _index(train, lambda picture: picture.identity)
    by_content = _index(train, lambda picture: keys.get(picture)) if keys else {}
    leaks: dict[str, Leak] = {}
    for where, pictures in held_out.items():
        for picture in pictures:
            place = f"{where}: {picture.path.name}"
            if picture.identity in by_number:
                leaks.setdefault(place, Leak(BY_NUMBER, by_number[picture.identity], place))
            elif keys and keys.get(picture) in by_content:
                leaks.setdefault(place, Leak(BY_CONTENT, by_content[keys[picture]], place))
    return list(leaks.values())


def _index(
    groups: Mapping[str, Iterable[Picture]], name_of: Callable[[Picture], str | None]
) -> dict[str, str]:
    """name -> the first place of a picture of that name; pictures without a name are left out."""
    places: dict[str, str] = {}
    for where, pictures in groups.items():
        for picture in pictures:
            name = name_of(picture)
            if name is not None:
                places.setdefault(name, f"{where}: {picture.path.name}")
    return places
