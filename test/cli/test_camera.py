from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from ssp_sam_ros.cli import camera
from ssp_sam_ros.cli.camera_sources import Source
from ssp_sam_ros.cli.main import main

PICTURE = np.zeros((2, 2, 3), np.uint8)


def source(*lengths: int) -> Source:
    """One whose passes have so many pictures, and none from then on."""
    rest = iter(lengths)

    def pictures(_rate: float) -> Iterator[np.ndarray]:
        yield from [PICTURE] * next(rest, 0)

    return Source("a fading camera", pictures)


def test_one_pass_or_one_after_the_other() -> None:
    assert len(list(camera._passes(source(2, 3), 10.0, loop=False))) == 2
    assert len(list(islice(camera._passes(source(2, 3), 10.0, loop=True), 5))) == 5


@pytest.mark.parametrize("lengths", [(), (2,), (2, 3)])
def test_a_pass_without_a_picture_is_an_error(lengths: tuple[int, ...]) -> None:
    passes = camera._passes(source(*lengths), 10.0, loop=True)
    assert len(list(islice(passes, sum(lengths)))) == sum(lengths)
    with pytest.raises(ValueError, match="a fading camera: there is no picture"):
        next(passes)


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "many"])
def test_a_count_is_a_positive_number(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", "--source", "sim", "--count", count]) == 2
    assert "1 or more" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["6x6", "200x640", "5000x5000"])
def test_the_simulator_cannot_fill_every_size(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", "--source", "sim", "--size", size]) == 2
    assert "--size: simulated pictures" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "loop"), [([], True), (["--loop"], True), (["--once"], False)])
def test_it_starts_over_unless_told_otherwise(options: list[str], loop: bool) -> None:
    parser = argparse.ArgumentParser()
    camera.add_arguments(parser)
    assert parser.parse_args(["--source", "sim", *options]).loop is loop
