"""Masks and boxes against the pictures and against each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data import DatasetError, Sample

_SLACK = 2.0  # pixels that a polygon's border may lie outside its box, or a box outside its picture


def check_sample(sample: Sample, masks: bool = True) -> list[str]:
    """What is wrong with a sample's targets, a line each.

    Boxes without area or outside the picture; masks that cannot be decoded, are empty or reach out of their
    box. `masks` False leaves the masks alone.
    """
    where = f"{sample.dataset} {sample.split}, reference {sample.ref_id}"
    problems = []
    if not sample.sentences or not all(sentence.text.strip() for sentence in sample.sentences):
        problems.append(f"{where}: an expression is empty")
    try:
        height, width = sample.picture.size
    except (DatasetError, OSError) as error:
        return [*problems, str(error)]
    for target in sample.targets:
        x, y, w, h = target.box
        if w <= 0 or h <= 0:
            problems.append(f"{where}, target {target.id}: box {target.box} has no area")
        elif min(x, y) < -_SLACK or x + w > width + _SLACK or y + h > height + _SLACK:
            problems.append(
                f"{where}, target {target.id}: box {target.box} is outside the {width}x{height} picture"
            )
    if not masks or not sample.has_mask:
        return problems
    try:
        decoded = sample.masks()
    except (DatasetError, OSError) as error:
        return [*problems, str(error)]
    solid = [target for target in sample.targets if not target.crowd]
    for target, mask in zip(solid, decoded, strict=True):
        if not mask.any():
            problems.append(f"{where}, target {target.id}: the mask is empty, perhaps outside the picture")
        elif _leaves(mask, target.box):
            problems.append(f"{where}, target {target.id}: the mask reaches out of its box {target.box}")
    return problems


def _leaves(mask: NDArray[np.bool_], box: tuple[float, float, float, float]) -> bool:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    x, y, w, h = box
    return bool(
        columns[0] < x - _SLACK
        or rows[0] < y - _SLACK
        or columns[-1] + 1 > x + w + _SLACK
        or rows[-1] + 1 > y + h + _SLACK
    )
