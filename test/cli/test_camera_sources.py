from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from ssp_sam_ros.cli.camera_sources import WORLDS, open_source

RED, GREEN = (255, 0, 0), (0, 255, 0)


def write(path: Path, colour: tuple[int, int, int], width: int = 16, height: int = 12) -> None:
    cv2.imwrite(str(path), np.full((height, width, 3), colour[::-1], np.uint8))


def test_a_folder_in_the_order_of_names(tmp_path: Path) -> None:
    write(tmp_path / "b.png", GREEN)
    write(tmp_path / "a.PNG", RED)
    (tmp_path / "notes.txt").write_text("no picture")
    source = open_source(str(tmp_path))
    pictures = list(source.pictures(10))
    assert [tuple(p[0, 0]) for p in pictures] == [RED, GREEN]
    assert (source.rate, source.endless) == (10.0, False)
    assert len(list(source.pictures(10))) == 2  # a second pass


def test_a_recorded_clip_knows_its_rate(tmp_path: Path) -> None:
    write(tmp_path / "a.png", RED)
    (tmp_path / "clip.json").write_text('{"fps": 12.5}')
    assert open_source(str(tmp_path)).rate == 12.5
    (tmp_path / "clip.json").write_text("{}")
    with pytest.raises(ValueError, match="fps"):
        open_source(str(tmp_path))


def test_size(tmp_path: Path) -> None:
    write(tmp_path / "a.png", RED)
    (picture,) = open_source(str(tmp_path), size=(8, 4)).pictures(10)
    assert picture.shape == (4, 8, 3)


def test_a_video(tmp_path: Path) -> None:
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 7.0, (32, 24))
    if not writer.isOpened():
        pytest.skip("this OpenCV cannot write videos")
    for colour in (RED, GREEN, RED):
        writer.write(np.full((24, 32, 3), colour[::-1], np.uint8))
    writer.release()
    source = open_source(str(path))
    pictures = list(source.pictures(7))
    assert source.rate == 7.0
    assert [int(np.argmax(p[12, 16])) for p in pictures] == [0, 1, 0]


@pytest.mark.sim
@pytest.mark.parametrize("world", WORLDS)
def test_the_simulator(world: str) -> None:
    source = open_source("sim", size=(64, 48), seed=3, world=world)
    try:
        first, second = islice(source.pictures(2.0), 2)
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"no off-screen OpenGL: {error}")
    assert source.endless and world in source.name
    assert first.shape == (48, 64, 3)
    assert (first != second).any()


@pytest.mark.parametrize("name", ["nowhere", "text.txt"])
def test_what_is_no_source(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.txt").write_text("no video")
    with pytest.raises(ValueError, match=name):
        open_source(str(tmp_path / name))


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken\.png"):
        list(open_source(str(tmp_path)).pictures(10))
