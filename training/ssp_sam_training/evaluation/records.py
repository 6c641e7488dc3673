"""One evaluated expression: a line of ``samples.jsonl``; tables, galleries and calibration come of these.

docs/evaluation.md describes the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from ..metrics import SampleScore

Box = tuple[float, float, float, float]
Number = int | str  # most sets number their pictures and references, some name them

_PROTOCOLS = ("gres", "paper", "phrasecut")
_NAN_AS_NULL = ("score", "no_target_probability")


class RecordError(ValueError):
    """A file is not what ``evaluate.py`` writes; the text names the line."""


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
        network_box: the box head's (x1, y1, x2, y2) in pixels of the picture; None where there is none.
        truth_box: the box around all targets' boxes; zeros without a target.
        box_hit: whether the box head's box counts for Acc@0.5; None without a box.
        gres: score under protocol `gres`, at the picture's own size.
        paper: score under protocol `paper`, in the 512 letterbox; None where it was not computed.
        phrasecut: score under PhraseCut's own rules; None for other sets.
    """

    image_id: Number
    file_name: str
    ref_id: Number
    sent_id: int
    sentence: str
    kind: str | None
    targets: int
    outcome: str
    reason: str
    score: float
    no_target_probability: float
    mask: dict[str, Any] | None
    network_box: Box | None
    truth_box: Box
    box_hit: bool | None
    gres: SampleScore
    paper: SampleScore | None
    phrasecut: SampleScore | None = None

    @property
    def key(self) -> tuple[Number, int]:
        """What no other sentence of the set has."""
        return self.ref_id, self.sent_id

    def predicted_mask(self) -> NDArray[np.bool_] | None:
        """(H, W) bool; None when FAILED."""
        return None if self.mask is None else coco_mask.decode(self.mask).astype(np.bool_)

    def to_json(self) -> str:
        """One line of JSON: the attributes by name, scores as objects, NaN as null."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        for protocol in _PROTOCOLS:
            score = plain[protocol]
            if score is not None:
                plain[protocol] = {name: getattr(score, name) for name in score.__slots__}
        return json.dumps(null_for_nan(plain), allow_nan=False)

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> SampleRecord:
        """The record of one parsed line; raises RecordError."""
        values = dict(plain)
        try:
            for protocol in _PROTOCOLS:
                if values.get(protocol) is not None:
                    values[protocol] = SampleScore(**values[protocol])
            for name in _NAN_AS_NULL:
                values[name] = math.nan if values[name] is None else float(values[name])
            for name in ("network_box", "truth_box"):
                values[name] = None if values[name] is None else tuple(values[name])
            return SampleRecord(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"{type(error).__name__} {error}: written by another version?") from error


def read_records(path: Path) -> list[SampleRecord]:
    """All records of a ``samples.jsonl``.

    Raises:
        FileNotFoundError: there is none.
        RecordError: naming the line that is none of a record.
    """
    return [_numbered(path, number, plain) for number, plain in read_lines(path)]


def _numbered(path: Path, number: int, plain: Mapping[str, Any]) -> SampleRecord:
    try:
        return SampleRecord.from_plain(plain)
    except RecordError as error:
        raise RecordError(f"{path}, line {number}: {error}") from error


def read_lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Line number and object of each line of a file of JSON objects; empty lines are skipped.

    Raises:
        FileNotFoundError: there is none.
        RecordError: naming the line that is no JSON object.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: training/evaluate.py --out FOLDER writes samples.jsonl there"
        )
    objects = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            plain = json.loads(line)
        except ValueError as error:
            raise RecordError(f"{path}, line {number} is not JSON: {error}") from error
        if not isinstance(plain, dict):
            raise RecordError(f"{path}, line {number} is {type(plain).__name__}, not a JSON object")
        objects.append((number, plain))
    return objects


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
