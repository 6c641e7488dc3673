from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ssp_sam_ros.sim.bench.grammar import KINDS
from ssp_sam_ros.sim.clip import SHIPPED, load_clip


def test_the_shipped_clip_is_small_and_complete() -> None:
    clip = load_clip()
    assert len(clip.frames) == len(clip.runs) >= 50
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 4_000_000
    assert {sentence.kind for sentence in clip.sentences} == set(KINDS)
    for frame in (0, len(clip.frames) // 2, len(clip.frames) - 1):
        assert clip.image(frame).shape == (480, 640, 3)
    for runs in clip.runs:
        assert len(runs) == len(clip.objects)


def test_truth_is_the_union_of_the_targets_and_changes_with_the_camera() -> None:
    clip = load_clip()
    for sentence in clip.sentences:
        first, later = clip.truth(0, sentence), clip.truth(15, sentence)
        assert first.shape == (480, 640)
        if sentence.targets:
            assert first.sum() > 360 * len(sentence.targets)
            assert (first != later).any()
        else:
            assert sentence.kind == "absent" and not first.any()
    several = next(s for s in clip.sentences if s.kind == "several")
    assert len(several.targets) > 1


def test_the_masks_lie_on_the_objects() -> None:
    clip = load_clip()
    image = clip.image(0).astype(float)
    attribute = next(s for s in clip.sentences if s.kind == "attribute")
    mask = clip.truth(0, attribute)
    inside, outside = image[mask].mean(0), image[~mask].mean(0)
    assert np.abs(inside - outside).max() > 25


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clip.json").write_text(json.dumps({"format": "other/7"}))
    with pytest.raises(ValueError, match="other/7"):
        load_clip(tmp_path)


def test_a_missing_frame_is_named(tmp_path: Path) -> None:
    content = json.loads((SHIPPED / "clip.json").read_text())
    (tmp_path / "clip.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"frame_000\.jpg"):
        load_clip(tmp_path).image(0)
