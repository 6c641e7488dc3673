"""The recorded clip: frames of one simulated scene, sentences about it, and the truth in every frame.

Needs neither MuJoCo nor OpenGL. `training/make_clip.py` writes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .rle import decode

FORMAT = "ssp_sam_ros clip/1"
SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "clip"


@dataclass(frozen=True)
class ClipSentence:
    """A sentence, its kind, and the indices of the objects it means in every frame (none: absent)."""

    text: str
    kind: str
    targets: tuple[int, ...]


@dataclass(frozen=True)
class Clip:
    """A recorded clip.

    Attributes:
        frames: JPEG files in order.
        fps: frames per second.
        size: (width, height) in pixels.
        objects: "large red mug" and the like, one an object.
        sentences: the demonstration sentences; each holds for every frame.
        runs: run lengths of the visible mask, by frame and object.
    """

    frames: tuple[Path, ...]
    fps: float
    size: tuple[int, int]
    objects: tuple[str, ...]
    sentences: tuple[ClipSentence, ...]
    runs: tuple[tuple[tuple[int, ...], ...], ...]

    def image(self, frame: int) -> np.ndarray:
        """The frame, uint8 (H, W, 3), RGB.

        Raises:
            ValueError: the file cannot be decoded.
        """
        image = cv2.imread(str(self.frames[frame]), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f"{self.frames[frame]} is missing or not a picture")
        return np.ascontiguousarray(image[..., ::-1])

    def truth(self, frame: int, sentence: ClipSentence) -> np.ndarray:
        """Union of the targets' visible masks in this frame, bool (H, W)."""
        width, height = self.size
        mask = np.zeros((height, width), bool)
        for target in sentence.targets:
            mask |= decode(self.runs[frame][target], height, width)
        return mask


def load_clip(folder: Path | str = SHIPPED) -> Clip:
    """Read a clip's `clip.json`.

    Raises:
        FileNotFoundError: there is no clip in this folder.
        ValueError: the file is of another format.
    """
    path = Path(folder) / "clip.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("format") != FORMAT:
        raise ValueError(f"{path} has the format {content.get('format')!r}, this code reads {FORMAT!r}")
    return Clip(
        frames=tuple(path.parent / name for name in content["frames"]),
        fps=float(content["fps"]),
        size=(content["width"], content["height"]),
        objects=tuple(content["objects"]),
        sentences=tuple(
            ClipSentence(s["text"], s["kind"], tuple(s["targets"])) for s in content["sentences"]
        ),
        runs=tuple(tuple(tuple(runs) for runs in frame) for frame in content["masks"]),
    )
