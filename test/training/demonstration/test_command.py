from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ssp_sam_ros.sim import LiveTabletop, SimulatorUnavailableError
from ssp_sam_ros.sim.bench.grammar import KINDS
from ssp_sam_ros.sim.bench.live import LiveBench
from ssp_sam_ros.sim.clip import SHIPPED, load_clip
from ssp_sam_ros.sim.live import PERIOD
from ssp_sam_training.demonstration import bench, tabletop
from ssp_sam_training.demonstration.command import main, write_clip


@pytest.mark.sim
@pytest.mark.parametrize(
    ("world", "chooser", "kinds", "seed"),
    [
        (LiveTabletop, tabletop.choose_sentences, [kind for kind, _ in tabletop.FORMS], 24),
        (LiveBench, bench.choose_sentences, list(KINDS), 2),
    ],
)
def test_a_clip_written_is_the_clip_read(
    tmp_path: Path, world: Any, chooser: Any, kinds: list[str], seed: int
) -> None:
    try:
        live = world(seed, 320, 240)
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    scenes = [live.render(t * PERIOD / 4) for t in range(4)]
    live.close()
    sentences = chooser(scenes, seed)
    write_clip(tmp_path, scenes, sentences, {"world": "any", "seed": seed}, 5.0, 90)
    clip = load_clip(tmp_path)
    assert [s.kind for s in clip.sentences] == kinds
    assert len({s.text for s in clip.sentences}) == len(kinds)
    assert clip.fps == 5.0 and len(clip.frames) == 4 and clip.size == (320, 240)
    assert json.loads((tmp_path / "clip.json").read_text())["seed"] == seed
    for k, scene in enumerate(scenes):
        assert np.abs(clip.image(k).astype(int) - scene.image).mean() < 6
        for sentence in clip.sentences:
            np.testing.assert_array_equal(clip.truth(k, sentence), scene.mask(sentence.targets))
            assert bool(sentence.targets) == (sentence.kind != "absent")


def test_the_shipped_clip_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(SHIPPED)]) == 1
    assert "holds a clip already" in capsys.readouterr().err
