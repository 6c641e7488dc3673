from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ssp_sam_ros.sim import LiveTabletop, SimulatorUnavailableError
from ssp_sam_ros.sim.clip import SHIPPED, load_clip
from ssp_sam_ros.sim.live import PERIOD
from ssp_sam_training.tabletop.clip import main, write_clip
from ssp_sam_training.tabletop.demonstration import FORMS, choose_sentences


@pytest.mark.sim
def test_a_clip_written_is_the_clip_read(tmp_path: Path) -> None:
    seed = 24
    try:
        live = LiveTabletop(seed, 320, 240)
    except SimulatorUnavailableError as error:
        pytest.skip(str(error))
    scenes = [live.render(t * PERIOD / 4) for t in range(4)]
    live.close()
    sentences = choose_sentences(scenes, seed)
    write_clip(tmp_path, scenes, sentences, seed, 5.0, 90)
    clip = load_clip(tmp_path)
    assert [s.kind for s in clip.sentences] == [kind for kind, _ in FORMS]
    assert clip.fps == 5.0 and len(clip.frames) == 4 and clip.size == (320, 240)
    for k, scene in enumerate(scenes):
        assert np.abs(clip.image(k).astype(int) - scene.image).mean() < 6
        for sentence in clip.sentences:
            np.testing.assert_array_equal(clip.truth(k, sentence), scene.mask(sentence.targets))


def test_the_shipped_clip_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(SHIPPED)]) == 1
    assert "holds a clip already" in capsys.readouterr().err
