"""Parameters and operations against what is known of the networks."""

from __future__ import annotations

import pytest

from ssp_sam_ros.network import load_variant
from ssp_sam_ros.weights import load_network
from ssp_sam_training.evaluation.complexity import complexity
from ssp_sam_training.evaluation.tables import complexity_table


def test_the_published_sizes() -> None:
    """network.md: 18.11 M of 0.805 G parameters; 5.7 GFLOP of the mask decoder with 128 prompts."""
    counted = complexity(load_variant("ssp_sam_224"))
    assert counted.trained / 1e6 == pytest.approx(18.11, abs=0.005)
    assert counted.all_parameters / 1e9 == pytest.approx(0.805, abs=0.0005)
    assert counted.operations["mask decoder"] / 1e9 == pytest.approx(5.7, abs=0.05)
    assert 5.9e12 < counted.operations["SAM encoder"] < 6.4e12
    # Text: 12 layers of width 512 over 77 tokens; 12 x 24 x width^2 x tokens is all but the attention.
    assert 0.9 < counted.operations["CLIP text"] / (12 * 24 * 512**2 * 77) < 1.1


def test_a_shared_trunk_counts_once() -> None:
    counted = complexity(load_variant("ssp_sam_tiny"))
    network, _ = load_network("ssp_sam_tiny", "random")
    assert counted.all_parameters == sum(parameter.numel() for parameter in network.parameters())
    assert set(counted.operations) == {"both encoders", "CLIP text", "prompt encoder", "mask decoder"}
    assert all(counted.operations.values())
    table = complexity_table({"ssp_sam_tiny": counted})
    assert table.splitlines()[2].startswith("| ssp_sam_tiny | 9.78")
