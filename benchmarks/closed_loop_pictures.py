"""Pictures of the closed loop's episodes: a tile for each, contact sheets by verdict, and a film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

FPS = 12.5
_TILE = (320, 240)
_COLUMNS, _MOST = 3, 24
_MASK_COLOUR = (0, 220, 255)  # RGB
_GOOD, _BAD, _PLAIN = (120, 230, 120), (255, 120, 110), (235, 235, 235)


def tinted(image: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """The picture with the mask tinted and outlined; both uint8 (H, W, ...)."""
    if mask is None or not mask.any():
        return image.copy()
    inside = mask != 0
    drawn = image.copy()
    drawn[inside] = (0.55 * drawn[inside] + 0.45 * np.array(_MASK_COLOUR)).astype(np.uint8)
    outlines, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(drawn, outlines, -1, _MASK_COLOUR, 2)
    return drawn


def good(row: dict[str, Any]) -> bool:
    """Whether the robot did what was right."""
    wanted = "right object" if row["sort"] == "present" else "abstained"
    return bool(row["verdict"] == wanted)


def told(row: dict[str, Any]) -> str:
    """What became of an episode, in a few words."""
    if row["removed"]:
        meant = ", ".join(row["targets"]) or "nothing"
        return f"{row['verdict']}: {', '.join(row['removed'])}" + (
            "" if good(row) else f" ({meant} was meant)"
        )
    return f"{row['verdict']}{': ' + row['outcome'] if row['verdict'] == 'abstained' else ''}"


def tile(
    path: Path, before: np.ndarray, after: np.ndarray, mask: np.ndarray | None, row: dict[str, Any]
) -> None:
    """Save one episode: the picture with the mask, the picture afterwards, sentence and verdict."""
    halves = [cv2.resize(p, _TILE, interpolation=cv2.INTER_AREA) for p in (tinted(before, mask), after)]
    strip = np.full((48, 2 * _TILE[0], 3), 30, np.uint8)
    _write(strip, row["sentence"], (6, 19), _PLAIN)
    _write(strip, told(row), (6, 40), _GOOD if good(row) else _BAD)
    _save(path, np.concatenate([np.concatenate(halves, 1), strip]))


def gallery(tiles: Path, folder: Path, episodes: list[dict[str, Any]]) -> None:
    """Contact sheets of the model's episodes by sort and verdict, `_MOST` episodes each."""
    sheets: dict[str, list[Path]] = {}
    for row in episodes:
        if row["masks"] == "model":
            name = f"{row['sort']}_{row['verdict'].replace(' ', '_')}"
            sheets.setdefault(name, []).append(tiles / f"{row['scene']:04d}_{row['sort']}.jpg")
    for name, paths in sheets.items():
        pictures = [cv2.cvtColor(cv2.imread(str(p)), cv2.COLOR_BGR2RGB) for p in paths if p.exists()]
        for page in range(0, len(pictures), _MOST):
            _save(folder / f"{name}_{page // _MOST + 1}.jpg", _sheet(pictures[page : page + _MOST]))


def _sheet(pictures: list[np.ndarray]) -> np.ndarray:
    padded = [*pictures, *([np.zeros_like(pictures[0])] * (-len(pictures) % _COLUMNS))]
    rows = [np.concatenate(padded[k : k + _COLUMNS], 1) for k in range(0, len(padded), _COLUMNS)]
    return np.concatenate(rows)


class Film:
    """An MP4 of episodes; `begin`, `say`, `step` while physics runs, `end`."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        """`size` is (width, height) of the pictures; captions come below."""
        self._size, self._strip = size, max(56, size[1] // 8)
        path.parent.mkdir(parents=True, exist_ok=True)
        full = (size[0], size[1] + self._strip)
        self._writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, full)
        if not self._writer.isOpened():
            raise OSError(f"{path}: this OpenCV writes no MP4")

    def __enter__(self) -> Film:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Finish the file."""
        self._writer.release()

    def begin(self, bench: Any, sentence: str) -> None:
        """Show the scene and the sentence."""
        self._bench, self._sentence, self._line, self._colour = bench, sentence, "", _PLAIN
        self._due = 0.0
        self._hold(bench.first.image, 0.8)

    def say(self, outcome: str, mask: np.ndarray | None) -> None:
        """Show the answer."""
        self._line = outcome if mask is not None else f"{outcome}: the robot does not move"
        self._hold(tinted(self._bench.first.image, mask), 1.0)

    def step(self, seconds: float) -> None:
        """To be called after every step of physics."""
        if seconds >= self._due:
            self._due = seconds + 1 / FPS
            self._frame(self._bench.look().image)

    def end(self, row: dict[str, Any]) -> None:
        """Show what became of it."""
        self._line, self._colour = told(row), _GOOD if good(row) else _BAD
        self._hold(self._bench.look().image, 1.2)

    def _hold(self, image: np.ndarray, seconds: float) -> None:
        for _ in range(round(seconds * FPS)):
            self._frame(image)

    def _frame(self, image: np.ndarray) -> None:
        strip = np.full((self._strip, self._size[0], 3), 30, np.uint8)
        _write(strip, f'"{self._sentence}"', (8, 22), _PLAIN)
        _write(strip, self._line, (8, 46), self._colour)
        self._writer.write(cv2.cvtColor(np.concatenate([image, strip]), cv2.COLOR_RGB2BGR))


def _write(image: np.ndarray, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.52, colour, 1, cv2.LINE_AA)


def _save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 85]
    if not cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality):
        raise OSError(f"{path} cannot be written")
