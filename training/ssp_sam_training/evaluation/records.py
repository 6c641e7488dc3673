"""One evaluated expression: a line of ``samples.jsonl``; tables and contact sheets are made from these."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from ..metrics import SampleScore

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """What the model answered to one expression and how that scores.

    Attributes:
        image_id, file_name: the picture.
        ref_id, sent_id: the reference and the sentence, as the set numbers them.
        sentence: the expression.
        kind: kind of sentence where the set says it ("place", "relation", ...), else None.
        targets: number of objects meant.
        outcome: "FOUND", "NO_TARGET" or "FAILED".
        reason: why, where the model says it.
        score: mean mask probability when FOUND, else NaN.
        no_target_probability: 0..1; NaN when FAILED.
        mask: predicted mask as COCO run lengths at the picture's own size; None when FAILED.
        network_box: the box head's (x1, y1, x2, y2) in pixels of the picture.
        truth_box: the box around all targets' boxes; zeros without a target.
        box_hit: whether the box head's box counts for Acc@0.5.
        gres: score under protocol B, at the picture's own size.
        paper: score under protocol A, in the 512 letterbox; None where it was not computed.
    """

    image_id: int
    file_name: str
    ref_id: int
    sent_id: int
    sentence: str
    kind: str | None
    targets: int
    outcome: str
    reason: str
    score: float
    no_target_probability: float
    mask: dict[str, Any] | None
    network_box: Box
    truth_box: Box
    box_hit: bool
    gres: SampleScore
    paper: SampleScore | None

    def predicted_mask(self) -> NDArray[np.bool_] | None:
        """(H, W) bool; None when FAILED."""
        return None if self.mask is None else coco_mask.decode(self.mask).astype(np.bool_)

    def to_json(self) -> str:
        """One line of JSON: the attributes by name, scores as objects, NaN as null."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        for protocol in ("gres", "paper"):
            score = plain[protocol]
            if score is not None:
                plain[protocol] = {name: getattr(score, name) for name in score.__slots__}
        return json.dumps(null_for_nan(plain), allow_nan=False)


def encode_mask(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """COCO run lengths {"size": [H, W], "counts": str} of an (H, W) bool mask."""
    encoded = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


def null_for_nan(value: Any) -> Any:
    """The same plain data with None for NaN, which JSON does not have."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, dict):
        return {key: null_for_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [null_for_nan(item) for item in value]
    return value
