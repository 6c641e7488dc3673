from __future__ import annotations

import torch
from torch import nn

from ssp_sam_ros.weights.digest import parameter_digest
from ssp_sam_ros.weights.initialisation import SkipInitialisation, build_unfilled, fill_randomly


def test_nothing_is_drawn_within_the_context_and_everything_after_it():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with SkipInitialisation():
        skipped = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Embedding(2, 4), nn.GRU(4, 4))
        noise = torch.randn(2, 3)
    assert noise.shape == (2, 3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(skipped[1].weight, torch.ones(4))
    nn.Linear(3, 4)
    assert not torch.equal(torch.get_rng_state(), before)


def test_random_values_depend_on_seed_and_name_only(small_variant):
    digests = []
    for seed in (0, 0, 1):
        network = build_unfilled(small_variant)
        fill_randomly(network, seed)
        digests.append(parameter_digest(network.state_dict()))
    assert digests[0] == digests[1] != digests[2]


def test_no_tensor_is_left_without_a_value(small_network):
    poisoned = build_unfilled(small_network.variant)
    kept = ("tf_scale", "tf_sigma", "encoder.logit_scale")
    with torch.no_grad():
        for module in poisoned.modules():
            if "Norm" not in type(module).__name__:
                for name, tensor in (
                    *module.named_parameters(recurse=False),
                    *module.named_buffers(recurse=False),
                ):
                    if name not in kept and tensor.is_floating_point() and name != "logit_scale":
                        tensor.fill_(float("nan"))
    fill_randomly(poisoned, seed=3)
    for name, tensor in poisoned.state_dict().items():
        assert torch.isfinite(tensor).all(), name
        assert torch.equal(tensor, small_network.state_dict()[name]), name
