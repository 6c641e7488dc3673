from __future__ import annotations

import torch

from ssp_sam_ros.weights.comparison import compare


def test_the_same_values_in_another_precision_agree():
    a = {"x": torch.tensor([0.5, 2.0]), "only here": torch.ones(1)}
    result = compare(a, {"x": a["x"].half(), "only there": torch.ones(1)})
    assert result.agrees
    assert str(result) == "all 1 tensors agree"


def test_what_differs_is_counted_and_the_largest_named():
    a = {"x": torch.zeros(3), "y": torch.zeros(2), "z": torch.zeros(()), "empty": torch.zeros(0)}
    b = {
        "x": torch.tensor([0, 0.25, 0]),
        "y": torch.tensor([-2.0, 0]),
        "z": torch.zeros(()),
        "empty": torch.zeros(0),
    }
    result = compare(a, b)
    assert result.differing == ("x", "y")
    assert (result.largest, result.where) == (2.0, "y")
    assert str(result) == "2 of 4 tensors differ, by up to 2 (y)"


def test_a_value_that_is_no_number_differs():
    result = compare(
        {"x": torch.tensor([torch.nan]), "y": torch.ones(1)}, {"x": torch.ones(1), "y": torch.zeros(1)}
    )
    assert result.differing == ("x", "y")
    assert result.where == "x"
