"""PhraseCut's own rules beside the two protocols, from samples to the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ssp_sam_training.data import Dataset, Picture, Sample, Sentence, Target
from ssp_sam_training.data.shapes import CocoShape
from ssp_sam_training.evaluation import Prediction, evaluate, gres_table, phrasecut_table, summarise

SIZE = (40, 50)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    path = tmp_path / "1.png"
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(path)
    picture = Picture("visual_genome", 1, path, SIZE)
    square = CocoShape([[10, 10, 20, 10, 20, 16, 10, 16]])  # 60 pixels
    target = Target(1, (10, 10, 10, 6), square)
    samples = [
        Sample("phrasecut", "test", picture, f"1__{number}", (Sentence(text, number),), (target,))
        for number, text in enumerate(["small", "half", "denied"])
    ]
    return Dataset("phrasecut", "test", "", samples)


class Known:
    """A small true mask, exactly half of it, and all of it under a "no target"."""

    letterbox_input = (1024, 1024)

    def predict(self, image: np.ndarray, sentences: Sequence[str], letterbox: bool) -> list[Prediction]:
        masks = {name: np.zeros(SIZE, bool) for name in sentences}
        masks["small"][10:14, 10:20] = True  # 40 pixels, below the 50 of the other protocols
        masks["half"][10:16, 10:15] = True
        masks["denied"][10:16, 10:20] = True
        # A segmenter calls what is small NO_TARGET; the mask it drew is there nevertheless.
        return [Prediction("FOUND" if name == "half" else "NO_TARGET", masks[name]) for name in sentences]


def test_masks_of_any_size_count_and_comparison_is_strict(dataset: Dataset) -> None:
    records = list(evaluate(Known(), dataset))
    assert [record.ref_id for record in records] == ["1__0", "1__1", "1__2"]
    everything = summarise(records)[0]
    assert everything.phrasecut is not None
    assert everything.phrasecut.mean_iou == pytest.approx((40 / 60 + 0.5 + 1) / 3)
    assert everything.phrasecut.cumulative_iou == pytest.approx((40 + 30 + 60) / 180)
    assert everything.phrasecut.precision[0.5] == pytest.approx(2 / 3)
    assert everything.gres.precision[0.5] == pytest.approx(1 / 3)
    table = phrasecut_table([everything])
    assert "IoU > X (strictly)" in table and "| all" in table
    assert gres_table([everything]).count("\n| all") == 1


def test_other_sets_have_none(dataset: Dataset) -> None:
    samples = [Sample("refcoco", "val", s.picture, s.ref_id, s.sentences, s.targets) for s in dataset.samples]
    records = list(evaluate(Known(), Dataset("refcoco", "val", "unc", samples)))
    assert all(record.phrasecut is None for record in records)
    assert summarise(records)[0].phrasecut is None
