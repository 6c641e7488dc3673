from __future__ import annotations

import math

import pytest
import torch

from ssp_sam_training.losses import (
    box_losses,
    choice_loss,
    dense_loss,
    dice_loss,
    focal_loss,
    generalised_iou,
    mention_loss,
    patch_loss,
)


def test_focal_is_the_releases_formula_on_one_pixel() -> None:
    for logit, truth in ((1.5, 1.0), (-0.3, 0.0), (2.0, 0.0)):
        p = 1 / (1 + math.exp(-logit))
        pt = (1 - p) if truth else p
        bce = -math.log(p if truth else 1 - p)
        expected = (0.25 if truth else 0.75) * pt**2 * bce
        got = focal_loss(torch.tensor([[[[logit]]]]), torch.tensor([[[[truth]]]]))
        assert got.item() == pytest.approx(expected, rel=1e-5)


def test_dice_of_perfect_and_of_empty_masks() -> None:
    truth = torch.zeros(1, 1, 4, 4)
    truth[..., :2] = 1
    assert dice_loss((truth - 0.5) * 100, truth).item() == pytest.approx(0, abs=1e-5)
    assert dice_loss(torch.full((1, 1, 4, 4), -50.0), torch.zeros(1, 1, 4, 4)).item() == pytest.approx(
        0, abs=1e-5
    )
    assert dice_loss(torch.full((1, 1, 4, 4), 50.0), torch.zeros(1, 1, 4, 4)).item() == pytest.approx(16 / 17)


def test_generalised_iou_by_hand() -> None:
    a = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
    b = torch.tensor([[1.0, 1.0, 3.0, 3.0], [0.0, 0.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0]])
    expected = torch.tensor([1 / 7 - 2 / 9, 1.0, -1 / 3])
    torch.testing.assert_close(generalised_iou(a, b), expected, rtol=1e-5, atol=1e-6)


def test_box_losses_count_boxes_not_coordinates() -> None:
    truth = torch.tensor([[0.5, 0.5, 0.2, 0.2], [0.3, 0.3, 0.2, 0.2]])
    l1, giou = box_losses(truth + 0.1, truth)
    assert l1.item() == pytest.approx(0.4, rel=1e-5)
    assert 0 < giou.item() < 2
    same = box_losses(truth, truth)
    assert same[0].item() == 0 and same[1].item() == pytest.approx(0, abs=1e-5)


def test_a_zero_sized_no_target_box_gives_finite_gradients() -> None:
    predicted = torch.full((1, 4), 0.5, requires_grad=True)
    l1, giou = box_losses(predicted, torch.zeros(1, 4))
    (l1 + giou).backward()
    assert predicted.grad is not None and torch.isfinite(predicted.grad).all()


def test_patch_loss_falls_towards_the_truth() -> None:
    coverage = torch.tensor([[0.0, 1.0, 0.5, 0.0]])
    right = torch.tensor([[-9.0, 9.0, 0.0, -9.0]])
    assert patch_loss(right, coverage) < patch_loss(-right, coverage)


def test_dense_loss_ignores_cells_that_ask_nothing() -> None:
    logits = {"colour": torch.tensor([[[[5.0, 0.0]], [[0.0, 5.0]]]])}
    asked = dense_loss(logits, {"colour": torch.tensor([[[0, -1]]])})
    assert asked.item() == pytest.approx(math.log(1 + math.exp(-5)), rel=1e-4)


def test_background_weighs_as_much_as_it_is_told() -> None:
    """Ninety-nine background cells that are right must not hide one object cell that is wrong."""
    logits = torch.zeros(1, 2, 10, 10)
    logits[:, 0] = 6.0
    labels = torch.zeros(1, 10, 10, dtype=torch.int64)
    labels[0, 0, 0] = 1
    plain = dense_loss({"category": logits}, {"category": labels})
    balanced = dense_loss({"category": logits}, {"category": labels}, background_weight=0.01)
    wrong, right = math.log(1 + math.exp(6)), math.log(1 + math.exp(-6))
    assert plain.item() == pytest.approx((wrong + 99 * right) / 100, rel=1e-4)
    assert balanced.item() == pytest.approx((wrong + 0.99 * right) / 1.99, rel=1e-4)
    other = dense_loss({"size": logits}, {"size": labels}, background_weight=0.01)
    assert other.item() == pytest.approx(plain.item())


def test_balanced_cells_let_every_object_count_the_same() -> None:
    """One object of one cell, wrong, beside one of 99 cells, right: half of the loss each."""
    logits, labels = torch.zeros(1, 3, 10, 10), torch.full((1, 10, 10), 1, dtype=torch.int64)
    logits[:, 1] = 6.0
    labels[0, 0, 0] = 2
    cells = torch.full((1, 10, 10), 99, dtype=torch.int64)
    cells[0, 0, 0] = 1
    wrong, right = math.log(2 + math.exp(6)), math.log(1 + 2 * math.exp(-6))
    for balance, share in ((0.0, 1 / 100), (1.0, 1 / 2), (0.5, 1 / (1 + 99**0.5))):
        loss = dense_loss({"category": logits}, {"category": labels}, 0.1, cells, balance)
        assert loss.item() == pytest.approx(share * wrong + (1 - share) * right, rel=1e-4)


def test_a_kind_that_no_cell_asks_for_costs_nothing() -> None:
    logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
    loss = dense_loss({"material": logits}, {"material": torch.full((1, 4, 4), -1)})
    loss.backward()
    assert loss.item() == 0 and not logits.grad.any()


def test_a_choice_is_among_objects_whatever_their_size() -> None:
    """Five patches: a small object, a large one, background, and no third object."""
    objects = torch.tensor([[[1.0, 0, 0, 0, 0], [0, 0.4, 0.4, 0.2, 0], [0, 0, 0, 0, 0]]])
    logits = torch.tensor([[2.0, 1.0, 1.0, -1.0, 50.0]])  # means: 2 and 0.6
    small, large = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0, 1.0, 0]])
    assert choice_loss(logits, objects, small).item() == pytest.approx(math.log(1 + math.exp(-1.4)), rel=1e-5)
    assert choice_loss(logits, objects, large).item() == pytest.approx(math.log(1 + math.exp(1.4)), rel=1e-5)
    both = choice_loss(logits, objects, torch.tensor([[1.0, 1.0, 0]])).item()
    assert both == pytest.approx(math.log(1 + math.exp(1.4)) / 2 + math.log(1 + math.exp(-1.4)) / 2, rel=1e-5)


def test_nothing_to_choose_costs_nothing() -> None:
    """No target, or one that no patch shows: the other sentence alone counts."""
    objects = torch.tensor([[[1.0, 0], [0, 1.0]], [[1.0, 0], [0, 1.0]], [[1.0, 0], [0, 0]]])
    targets = torch.tensor([[1.0, 0], [0, 0], [0, 1.0]])
    logits = torch.tensor([[0.0, 3.0], [0.0, 3.0], [0.0, 3.0]], requires_grad=True)
    loss = choice_loss(logits, objects, targets)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(1 + math.exp(3)), rel=1e-5)
    assert logits.grad[0].abs().sum() > 0 and not logits.grad[1:].any()
    assert choice_loss(logits[1:], objects[1:], targets[1:]).item() == 0


def test_a_choice_is_as_exact_under_autocast() -> None:
    objects = torch.softmax(torch.arange(60.0).reshape(1, 3, 20) % 7, dim=-1)
    logits, targets = torch.linspace(-9, 9, 20)[None], torch.tensor([[0.0, 1.0, 0.0]])
    plain = choice_loss(logits, objects, targets)
    with torch.autocast("cpu", torch.bfloat16):
        assert choice_loss(logits, objects, targets).item() == pytest.approx(plain.item(), rel=1e-6)


def test_none_of_them_is_a_choice_that_absent_sentences_make() -> None:
    objects = torch.eye(2)[None].expand(3, 2, 2)
    logits = torch.tensor([[1.0, -1.0], [1.0, -1.0], [-20.0, -20.0]])
    targets = torch.tensor([[1.0, 0], [0, 0], [0, 0]])
    total = math.exp(1) + math.exp(-1) + 1
    each = [math.log(total) - 1, math.log(total), 0.0]
    for i in range(3):
        loss = choice_loss(logits[i : i + 1], objects[i : i + 1], targets[i : i + 1], none=True)
        assert loss.item() == pytest.approx(each[i], rel=1e-5, abs=1e-6)
    assert choice_loss(logits, objects, targets, none=True).item() == pytest.approx(sum(each) / 3, rel=1e-5)


def test_what_is_mentioned_is_asked_for_by_role_where_a_set_tells_it() -> None:
    """Four patches: two objects, background; two roles; the second sentence tells nothing."""
    objects = torch.tensor([[[1.0, 0, 0, 0], [0, 0.5, 0.5, 0]]]).expand(2, -1, -1)
    areas = torch.tensor([[1.0, 2.0]]).expand(2, -1)
    mentions = torch.tensor([[[1.0, 0], [0, 1.0]], [[math.nan] * 2] * 2])
    right = torch.tensor([[9.0, -9, -9, -9], [-9, 9, 9, -9]])
    logits = torch.stack([right, right]).requires_grad_()
    loss = mention_loss(logits, objects, areas, mentions)
    loss.backward()
    assert loss.item() < 0.01 and logits.grad[0].any() and not logits.grad[1].any()
    swapped = torch.stack([right.flip(0), right])
    assert mention_loss(swapped, objects, areas, mentions).item() > 10
    assert mention_loss(swapped[1:], objects[1:], areas[1:], mentions[1:]).item() == 0


def test_a_role_that_nothing_has_wants_silence() -> None:
    objects, areas = torch.tensor([[[1.0, 0], [0, 1.0]]]), torch.ones(1, 2)
    silent, loud = torch.full((1, 1, 2), -9.0), torch.full((1, 1, 2), 9.0)
    nothing = torch.zeros(1, 1, 2)
    assert mention_loss(silent, objects, areas, nothing).item() < 0.01
    assert mention_loss(loud, objects, areas, nothing).item() > 9
