"""COCO's uncompressed run lengths, so that masks can be shipped as JSON and read with NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def encode(mask: np.ndarray) -> list[int]:
    """Column-major run lengths of a bool (H, W) mask; the first run counts zeros (and may be 0)."""
    flat = np.asarray(mask, bool).ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return [0, *runs] if flat.size and flat[0] else runs


def decode(counts: Sequence[int], height: int, width: int) -> np.ndarray:
    """The bool (H, W) mask of column-major run lengths.

    Raises:
        ValueError: the runs do not add up to the size.
    """
    runs = np.asarray(counts, np.int64)
    if runs.sum() != height * width or (runs < 0).any():
        raise ValueError(
            f"run lengths add up to {runs.sum()}, a {width}x{height} mask needs {height * width}"
        )
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape((height, width), order="F")
