from __future__ import annotations

import pytest
import torch

from ssp_sam_ros.weights import WeightsError
from ssp_sam_ros.weights.initialisation import build_unfilled
from ssp_sam_ros.weights.strict import load_strictly


@pytest.fixture
def state(small_network):
    return dict(small_network.state_dict())


def test_values_are_copied_as_float32(small_network, state):
    network = build_unfilled(small_network.variant)
    load_strictly(network, {name: tensor.double() for name, tensor in state.items()}, "file")
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, state[name])
        assert tensor.data_ptr() != state[name].data_ptr()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s.pop("norm.weight"), r"lacks tensor norm\.weight"),
        (lambda s: s.update(mystery=torch.ones(1)), "unknown tensor mystery"),
        (
            lambda s: s.update({"norm.weight": torch.ones(5)}),
            r"misshapen tensor norm\.weight \(5 instead of 32\)",
        ),
        (
            lambda s: s.update({"norm.weight": torch.ones(32, dtype=torch.int64)}),
            r"mistyped tensor norm\.weight",
        ),
        (
            lambda s: s.update({"norm.weight": torch.full((32,), torch.nan)}),
            r"not finite numbers in tensor norm\.w",
        ),
        (
            lambda s: s.update({"norm.bias": torch.full((32,), -torch.inf)}),
            r"not finite numbers in tensor norm\.b",
        ),
    ],
)
def test_what_is_wrong_is_named(small_network, state, spoil, message):
    spoil(state)
    with pytest.raises(WeightsError, match=message) as caught:
        load_strictly(build_unfilled(small_network.variant), state, "the file")
    assert str(caught.value).startswith("the file ")


def test_many_offenders_are_counted_not_listed(small_network):
    with pytest.raises(WeightsError, match=r"and \d+ more"):
        load_strictly(build_unfilled(small_network.variant), {}, "file")
