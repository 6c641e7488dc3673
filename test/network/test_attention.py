from __future__ import annotations

import pytest
import torch

from ssp_sam_ros.network import attention
from ssp_sam_ros.network.attention import attend_heads, fused_is_faster, padding_bias, score_blocks


def plain(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    scores = q.double() @ k.double().transpose(-2, -1) * q.shape[-1] ** -0.5
    if bias is not None:
        scores = scores + bias.double()
    return (scores.softmax(-1) @ v.double()).float()


def tensors(rows: int = 3, heads: int = 4, queries: int = 7, keys: int = 11) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    sizes = ((queries, 8), (keys, 8), (keys, 5))
    return [torch.randn(rows, heads, *size, generator=draw) for size in sizes]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("bias", ["none", "padding", "causal"])
@pytest.mark.parametrize("block", [4, 4 * 11 * 3, 4 * 77 * 2, 4 * 77 * 4 * 2, 2**22])
def test_every_way_gives_the_same(fused: bool, bias: str, block: int, monkeypatch) -> None:
    """From one query of one head at a time to everything at once."""
    monkeypatch.setattr(attention, "fused_is_faster", lambda *_: fused)
    monkeypatch.setattr(attention, "BLOCK_BYTES", block)
    q, k, v = tensors()
    masks = {
        "none": None,
        "padding": padding_bias(torch.arange(11) > torch.tensor([[10], [4], [0]])),
        "causal": torch.full((7, 11), float("-inf")).triu(5),
    }
    torch.testing.assert_close(attend_heads(q, k, v, masks[bias]), plain(q, k, v, masks[bias]))


@pytest.mark.parametrize("limit", [1, 5, 11, 40, 77, 200, 308, 700, 10**6])
def test_blocks_cover_every_score_once_and_keep_the_limit(limit: int, monkeypatch) -> None:
    monkeypatch.setattr(attention, "BLOCK_BYTES", 4 * limit)
    q, k, _ = tensors()
    seen = torch.zeros(3, 4, 7)
    for block in score_blocks(q, k):
        seen[block] += 1
        assert seen[block].numel() * 11 <= max(limit, 11)
    assert (seen == 1).all()


@pytest.mark.parametrize("block", [4 * 11 * 3, 4 * 77 * 2, 2**22])
@pytest.mark.parametrize("bias", [False, True])
def test_gradients_are_those_of_the_formula(bias: bool, block: int, monkeypatch) -> None:
    monkeypatch.setattr(attention, "fused_is_faster", lambda *_: False)
    monkeypatch.setattr(attention, "BLOCK_BYTES", block)
    inputs = [t.requires_grad_() for t in tensors()]
    mask = torch.full((7, 11), float("-inf")).triu(5) if bias else None
    wanted = torch.autograd.grad(plain(*inputs, mask).square().sum(), inputs)
    for a, b in zip(
        wanted, torch.autograd.grad(attend_heads(*inputs, mask).square().sum(), inputs), strict=True
    ):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("block", [4 * 11 * 3, 2**22])
def test_a_learned_bias_gets_its_gradient(block: int, monkeypatch) -> None:
    monkeypatch.setattr(attention, "fused_is_faster", lambda *_: False)
    monkeypatch.setattr(attention, "BLOCK_BYTES", block)
    bias = torch.randn(3, 4, 7, 11, generator=torch.Generator().manual_seed(1))
    inputs = [t.requires_grad_() for t in (*tensors(), bias)]
    wanted = torch.autograd.grad(plain(*inputs).square().sum(), inputs)
    for a, b in zip(wanted, torch.autograd.grad(attend_heads(*inputs).square().sum(), inputs), strict=True):
        torch.testing.assert_close(a, b)


def test_autocast_changes_types_and_nothing_else(monkeypatch) -> None:
    monkeypatch.setattr(attention, "fused_is_faster", lambda *_: False)
    inputs = [t.requires_grad_() for t in tensors()]
    wanted = torch.autograd.grad(plain(*inputs, None).square().sum(), inputs)
    with torch.autocast("cpu", torch.bfloat16):
        out = attend_heads(*inputs)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), plain(*inputs, None), atol=0.02, rtol=0.02)
    for a, b in zip(wanted, torch.autograd.grad(out.float().square().sum(), inputs), strict=True):
        torch.testing.assert_close(a, b, atol=0.03 * float(a.abs().max()), rtol=0.0)


def test_what_decides_on_a_cpu() -> None:
    large = torch.empty(1, 1, 1024, 8, device="meta")
    assert fused_is_faster(large, large)
    assert not fused_is_faster(large[:, :, :100], large[:, :, :100])
    assert not fused_is_faster(large.bfloat16(), large.bfloat16())


def test_what_decides_on_a_cpu_in_half_the_bits() -> None:
    few, more = (torch.empty(1, 1, n, 8, dtype=torch.bfloat16, device="meta") for n in (128, 129))
    assert fused_is_faster(few, few)  # 16,384 scores
    assert not fused_is_faster(more, more)
    assert not fused_is_faster(few.half(), few.half())
    assert not fused_is_faster(few.clone().requires_grad_(), few)
    with torch.no_grad():
        assert fused_is_faster(few.clone().requires_grad_(), few)


@pytest.mark.parametrize("bias", [False, True])
def test_few_scores_in_half_the_bits_come_out_as_close_as_those_numbers_go(bias: bool) -> None:
    q, k, v = (t.bfloat16() for t in tensors())
    assert fused_is_faster(q, k)
    mask = padding_bias(torch.arange(11) > torch.tensor([[10], [4], [0]])) if bias else None
    found = attend_heads(q, k, v, mask)
    assert found.dtype == torch.bfloat16
    tolerance = 2 * torch.finfo(torch.bfloat16).eps
    torch.testing.assert_close(found.float(), plain(q, k, v, mask), atol=2 * tolerance, rtol=tolerance)
