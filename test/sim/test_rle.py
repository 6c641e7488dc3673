from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from ssp_sam_ros.sim.rle import decode, encode


@given(arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_round_trip_and_agreement_with_pycocotools(mask: np.ndarray) -> None:
    counts = encode(mask)
    height, width = mask.shape
    np.testing.assert_array_equal(decode(counts, height, width), mask)
    theirs = coco_mask.decode(
        coco_mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    )
    np.testing.assert_array_equal(theirs.astype(bool), mask)


def test_runs_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="needs 12"):
        decode([3, 4], 3, 4)
    with pytest.raises(ValueError, match="add up"):
        decode([-2, 14], 3, 4)
