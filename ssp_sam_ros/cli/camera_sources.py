"""Where `ssp-sam camera` takes its pictures from: a folder, a video, a device, or the simulated tabletop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

Size = tuple[int, int]

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_DEFAULT_RATE = 10.0
WORLDS = ("tabletop", "bench")


@dataclass(frozen=True)
class Source:
    """Pictures, (height, width, 3) uint8 RGB.

    `pictures()` starts a new pass, given the pictures' rate; `endless` says that a pass has no end of its
    own.
    """

    name: str
    pictures: Callable[[float], Iterator[Pixels]]
    rate: float = _DEFAULT_RATE
    endless: bool = False


def open_source(source: str, size: Size | None = None, seed: int = 0, world: str = "tabletop") -> Source:
    """The source that a `--source` argument names.

    Args:
        source: "sim", the number of a video device, a folder of pictures, or a video file.
        size: (width, height) of the pictures; None: as they are (sim: 640 x 480).
        seed: of the simulated scene.
        world: one of `WORLDS`, for "sim".

    Raises:
        ValueError: there is nothing of the kind, or nothing readable in it.
    """
    if source == "sim":
        return _simulator(size or (640, 480), seed, world)
    if source.isdigit():
        return _device(int(source), size)
    path = Path(source)
    if path.is_dir():
        return _folder(path, size)
    if path.is_file():
        return _video(path, size)
    raise ValueError(f"--source {source!r} is neither a folder, a video file, a device number nor 'sim'")


def _folder(folder: Path, size: Size | None) -> Source:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)
    if not files:
        raise ValueError(f"{folder} holds no pictures ({', '.join(sorted(_PICTURES))})")

    def pictures(_rate: float) -> Iterator[Pixels]:
        import cv2

        for path in files:
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if picture is None:
                raise ValueError(f"{path} is no picture that can be read")
            yield _rgb(picture, size)

    return Source(f"{len(files)} pictures of {folder}", pictures, _recorded_rate(folder))


def _recorded_rate(folder: Path) -> float:
    """The rate that a recorded clip notes next to its pictures."""
    description = folder / "clip.json"
    if not description.is_file():
        return _DEFAULT_RATE
    try:
        return float(json.loads(description.read_text(encoding="utf-8"))["fps"])
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{description} does not say the clip's fps: {error!r}") from None


def _video(path: Path, size: Size | None) -> Source:
    import cv2

    capture = cv2.VideoCapture(str(path))
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    readable, _ = capture.read()
    capture.release()
    if not readable:
        raise ValueError(f"{path} is no video that can be read")

    def pictures(_rate: float) -> Iterator[Pixels]:
        yield from _captured(cv2.VideoCapture(str(path)), size)

    return Source(f"video {path}", pictures, rate if 0 < rate < 1000 else _DEFAULT_RATE)


def _device(index: int, size: Size | None) -> Source:
    import cv2

    capture = cv2.VideoCapture(index)
    if not capture.isOpened():
        raise ValueError(f"video device {index} cannot be opened")
    if size is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])

    def pictures(_rate: float) -> Iterator[Pixels]:
        yield from _captured(capture, size)
        raise ValueError(f"video device {index} sends no more pictures")

    return Source(f"video device {index}", pictures, endless=True)


def _captured(capture: Any, size: Size | None) -> Iterator[Pixels]:

    try:
        while True:
            readable, picture = capture.read()
            if not readable:
                return
            yield _rgb(picture, size)
    finally:
        capture.release()


def _simulator(size: Size, seed: int, world: str) -> Source:
    def pictures(rate: float) -> Iterator[Pixels]:
        from ssp_sam_ros.sim import LiveTabletop
        from ssp_sam_ros.sim.bench import LiveBench

        live = LiveBench(seed, *size) if world == "bench" else LiveTabletop(seed, *size)
        number = 0
        while True:
            yield live.render(number / rate).image
            number += 1

    return Source(f"simulated {world}, seed {seed}", pictures, endless=True)


def _rgb(picture: Any, size: Size | None) -> Pixels:
    """An RGB picture of the size asked for, from OpenCV's BGR."""
    import cv2
    import numpy as np

    if size is not None and (picture.shape[1], picture.shape[0]) != size:
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
