"""Are the pictures there, do they decode, have they the size that their set says?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..data import DatasetError, Picture, content_key

MISSING, BROKEN = "missing", "broken"


@dataclass(frozen=True)
class PictureProblem:
    """A picture that cannot be used: "missing", or "broken" (it does not decode, or is of another size)."""

    picture: Picture
    kind: str
    text: str


def check_pictures(
    pictures: Iterable[Picture],
    decode: bool = True,
    workers: int = 4,
    progress: Callable[[int], None] | None = None,
) -> tuple[dict[Picture, str], list[PictureProblem]]:
    """Read every picture.

    Args:
        decode: decode them, too; else only read and hash them.
        workers: threads.
        progress: is told the number done after each.

    Returns:
        The digests of the files that are all right, and what is wrong with the others.
    """

    def check(picture: Picture) -> tuple[Picture, str | PictureProblem]:
        try:
            content = picture.read()
            if decode:
                picture.decode(content)
        except FileNotFoundError as error:
            return picture, PictureProblem(picture, MISSING, str(error))
        except (DatasetError, OSError) as error:
            return picture, PictureProblem(picture, BROKEN, str(error))
        return picture, content_key(content)

    keys: dict[Picture, str] = {}
    problems: list[PictureProblem] = []
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for done, (picture, found) in enumerate(pool.map(check, pictures), 1):
            if isinstance(found, PictureProblem):
                problems.append(found)
            else:
                keys[picture] = found
            if progress is not None:
                progress(done)
    return keys, problems
