from __future__ import annotations

import hashlib

import numpy as np
import torch

from ssp_sam_ros.weights.digest import parameter_digest


def test_digest_is_the_documented_hash():
    state = {"b": torch.tensor(2.0), "a": torch.arange(6.0).reshape(2, 3)}
    expected = hashlib.sha256()
    expected.update(b"a\x002,3\x00" + np.arange(6, dtype="<f4").tobytes())
    expected.update(b"b\x00\x00" + np.array(2, "<f4").tobytes())
    assert parameter_digest(state) == expected.hexdigest()


def test_order_type_and_layout_of_the_tensors_do_not_matter():
    values = torch.arange(6.0).reshape(2, 3)
    a = parameter_digest({"x": values, "y": values})
    b = parameter_digest({"y": values.half(), "x": values.double().t().contiguous().t()})
    assert a == b


def test_a_value_a_name_and_a_shape_each_change_it():
    values = torch.arange(6.0)
    digests = {
        parameter_digest(state)
        for state in (
            {"x": values},
            {"z": values},
            {"x": values.reshape(2, 3)},
            {"x": values.nextafter(values + 1)},
        )
    }
    assert len(digests) == 4


def test_integer_counters_do_not_count():
    values = torch.ones(2)
    assert parameter_digest({"x": values}) == parameter_digest({"x": values, "batches": torch.tensor(7)})
