"""What the simulator knows about the recorded clip, held against masks that were computed on its frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from ssp_sam_ros.sim.clip import Clip


class ClipTruth:
    """Measures masks against a clip's truth; holds all of its frames in memory."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._frames = [clip.image(k) for k in range(len(clip.frames))]

    def iou(self, text: str, mask: Path, overlay: Path) -> float | None:
        """Overlap of a mask with the truth in the frame that it was computed on.

        Args:
            text: the sentence.
            mask: picture of the mask, not 0 where it is set.
            overlay: the frame with the answer drawn on it, which tells the frame.

        Returns:
            0 to 1; 1 where there is no target and the mask is empty; None where the clip does not know the
            sentence.

        Raises:
            OSError: one of the pictures cannot be read.
        """
        import numpy as np

        sentence = next((s for s in self._clip.sentences if s.text == text), None)
        if sentence is None:
            return None
        inside = _read(mask)[..., 0] > 0
        truth = self._clip.truth(self._frame_of(_read(overlay), inside), sentence)
        union = np.count_nonzero(inside | truth)
        return 1.0 if union == 0 else np.count_nonzero(inside & truth) / union

    def _frame_of(self, drawing: np.ndarray, mask: np.ndarray) -> int:
        """The frame most like the drawing (uint8 RGB) outside the tinted mask."""
        import cv2
        import numpy as np

        outside = ~mask if not mask.all() else np.ones_like(mask)
        differences = [cv2.absdiff(frame, drawing)[outside].mean() for frame in self._frames]
        return int(np.argmin(differences))


def _read(path: Path) -> np.ndarray:
    """A picture file as uint8 (H, W, 3), RGB."""
    import cv2

    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise OSError(f"{path} is missing or not a picture")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
