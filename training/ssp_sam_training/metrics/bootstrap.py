"""Confidence intervals by resampling pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_CHUNK = 100  # resamples drawn at once, to bound memory on large sets


def bootstrap_interval(
    picture_ids: Sequence[int | str],
    numerators: NDArray[np.float64],
    denominators: NDArray[np.float64],
    *,
    confidence: float = 0.95,
    bounded: bool = True,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of sum(numerators) / sum(denominators) when pictures are drawn anew.

    Sentences of one picture fail together, so pictures are resampled, not sentences. A mean over samples has
    denominators of 1; a share of some samples has 0 for the others; cIoU has intersections over unions.
    Where every sample counts in full, or none does, all resamples are alike: then the far end is the exact
    (Clopper-Pearson) bound of so many pictures in a row.

    Args:
        picture_ids: (n,) the picture of each sample.
        numerators: (n,) float.
        denominators: (n,) float, >= 0.
        confidence: share of the resampled values inside the interval.
        bounded: whether numerators lie in 0 .. denominators; differences do not.
        resamples: how many sets are drawn.
        seed: of the draws.

    Returns:
        (low, high); NaN where no sample counts.
    """
    if not len(picture_ids) == len(numerators) == len(denominators):
        raise ValueError(
            "one picture id, numerator and denominator per sample: "
            f"got {len(picture_ids)}, {len(numerators)}, {len(denominators)}"
        )
    counted = np.asarray(denominators) > 0
    if not counted.any():
        return float("nan"), float("nan")
    _, picture = np.unique(np.asarray(picture_ids)[counted], return_inverse=True)
    pictures = int(picture.max()) + 1
    tops = np.bincount(picture, np.asarray(numerators, np.float64)[counted], pictures)
    bottoms = np.bincount(picture, np.asarray(denominators, np.float64)[counted], pictures)
    rng = np.random.default_rng(seed)
    values = []
    for start in range(0, resamples, _CHUNK):
        draws = rng.integers(0, pictures, (min(_CHUNK, resamples - start), pictures))
        values.append(tops[draws].sum(axis=1) / bottoms[draws].sum(axis=1))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(values), [tail, 1 - tail])
    if bounded and np.array_equal(tops, bottoms):
        low = tail ** (1 / pictures)
    elif bounded and not tops.any():
        high = 1 - tail ** (1 / pictures)
    return float(low), float(high)
