"""The 512 letterbox of protocol `paper`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ssp_sam_training.data import load_refer
from ssp_sam_training.metrics import letterbox_mask, letterbox_prediction, letterbox_truth, score_paper


@pytest.mark.parity
def test_truth_is_the_authors_to_the_pixel(reference_fixtures: Path, miniref: Path) -> None:
    recorded = np.load(reference_fixtures / "preprocessing.npz")
    cases = json.loads((reference_fixtures / "preprocessing.json").read_text())
    references = {}
    for split in ("train", "val", "testA", "testB"):
        dataset = load_refer(miniref, "refcoco", split, check_counts=False)
        references |= {reference.ref_id: (dataset, reference) for reference in dataset.references}
    for number, case in enumerate(cases):
        dataset, reference = references[case["ref_id"]]
        expected = np.unpackbits(recorded[f"{number}_mask512_bits"]).reshape(512, 512).astype(bool)
        np.testing.assert_array_equal(letterbox_truth(dataset.mask(reference)), expected)


@pytest.mark.parametrize("shape", [(480, 640), (640, 427), (1, 3000), (3000, 1), (512, 512), (7, 5)])
def test_truth_covers_the_picture_and_nothing_of_the_padding(shape: tuple[int, int]) -> None:
    letterbox = letterbox_truth(np.ones(shape, bool))
    assert letterbox.shape == (512, 512)
    scale = 1024 / max(shape)
    rows, columns = (max(1, int(side * scale + 0.5)) for side in shape)
    assert letterbox[: (rows + 1) // 2, : (columns + 1) // 2].all()
    assert letterbox.sum() == ((rows + 1) // 2) * ((columns + 1) // 2)
    assert not letterbox_truth(np.zeros(shape, bool)).any()


def test_prediction_is_resized_twice_and_cut_at_one_half() -> None:
    logits = torch.randn(3, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    masks = letterbox_prediction(logits)
    assert masks.shape == (3, 512, 512) and masks.dtype == torch.bool
    direct = torch.nn.functional.interpolate(logits, (512, 512), mode="bilinear", align_corners=False)[:, 0]
    certain = direct.abs() > 1e-5  # network.md: both ways agree to 2.4e-7
    assert torch.equal(masks[certain], (direct >= 0)[certain])
    assert letterbox_prediction(torch.zeros(1, 1, 256, 256)).all()  # a logit of 0 is a sigmoid of 0.5


def test_an_input_that_is_not_square_gives_the_scores_of_the_square_one() -> None:
    logits = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)) - 0.5
    logits[:, :, 48:] = -5.0
    truth = np.zeros((240, 320), bool)
    truth[40:160, 60:200] = True
    wide = letterbox_prediction(logits[:, :, :48], (240, 320))[0].numpy(), letterbox_truth(truth, (240, 320))
    square = letterbox_prediction(logits)[0].numpy(), letterbox_truth(truth)
    assert wide[0].shape == wide[1].shape == (384, 512)
    np.testing.assert_array_equal(square[1][:384], wide[1])
    assert score_paper(*wide).intersection == score_paper(*square).intersection
    assert score_paper(*wide).iou == pytest.approx(score_paper(*square).iou, abs=0.01)


def test_a_predicted_mask_is_not_dilated() -> None:
    mask = np.zeros((100, 200), bool)
    mask[20:60, 50:90] = True
    predicted, truth = letterbox_mask(mask), letterbox_truth(mask)
    assert predicted.shape == truth.shape == (512, 512)
    scale = 512 / 200
    assert predicted.sum() == pytest.approx(mask.sum() * scale**2, rel=0.02)
    assert truth.sum() > predicted.sum() and not (predicted & ~truth).any()
