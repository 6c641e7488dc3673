from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from ssp_sam_ros.network import build_tokenizer, load_variant
from ssp_sam_ros.perception import preprocessing
from ssp_sam_ros.perception.preprocessing import clip_input, sam_input


@pytest.fixture(scope="module")
def recorded(repository):
    folder = repository / "test" / "data" / "reference"
    cases = json.loads((folder / "preprocessing.json").read_text())
    with np.load(folder / "preprocessing.npz", allow_pickle=False) as arrays:
        return cases, dict(arrays)


@pytest.fixture(scope="module")
def photographs(shared, recorded):
    folder = shared / "data" / "miniref" / "images" / "train2014"
    return [np.array(Image.open(folder / case["file_name"]).convert("RGB")) for case in recorded[0]]


@pytest.mark.parity
@pytest.mark.parametrize("side", [224, 336])
def test_clip_picture_equals_the_release(recorded, photographs, side):
    variant = load_variant(f"ssp_sam_{side}")
    for i, photograph in enumerate(photographs):
        pixels, _ = clip_input(photograph, variant.clip_size, variant.clip_mean, variant.clip_std)
        assert pixels.shape == (1, 3, side, side)
        np.testing.assert_allclose(pixels[0, :, ::4, ::4], recorded[1][f"{i}_clip_{side}"], rtol=0, atol=1e-6)


@pytest.mark.parity
def test_sam_picture_equals_the_release(recorded, photographs):
    variant = load_variant("ssp_sam_224")
    for i, photograph in enumerate(photographs):
        pixels, _ = sam_input(photograph, variant.sam_size, variant.sam_mean, variant.sam_std)
        np.testing.assert_allclose(pixels[0, :, ::16, ::16], recorded[1][f"{i}_sam"], rtol=0, atol=1e-6)


@pytest.mark.parity
@pytest.mark.parametrize("side", [224, 336])
def test_box_targets_equal_the_release(recorded, shared, side):
    cases, arrays = recorded
    annotations = json.loads((shared / "data/miniref/refcoco/instances.json").read_text())["annotations"]
    boxes = {annotation["id"]: annotation["bbox"] for annotation in annotations}
    for i, case in enumerate(cases):
        x, y, w, h = boxes[case["ann_id"]]
        black = np.zeros((case["height"], case["width"], 3), np.uint8)
        _, place = clip_input(black, (side, side), (0.5,) * 3, (0.5,) * 3)
        target = place.box_to_input((x, y, x + w, y + h))
        np.testing.assert_allclose(target, arrays[f"{i}_box_cxcywh_{side}"], rtol=0, atol=1e-6)


@pytest.mark.parity
def test_tokens_equal_the_release(recorded):
    cases, arrays = recorded
    tokenizer = build_tokenizer(load_variant("ssp_sam_224"))
    for i, case in enumerate(cases):
        np.testing.assert_array_equal(tokenizer(case["sentence"]).ids[None], arrays[f"{i}_tokens"])


def test_sam_picture_equals_segment_anything():
    """The same pixels as segment_anything's own transform and Sam.preprocess."""
    from segment_anything.utils.transforms import ResizeLongestSide

    image = np.random.default_rng(0).integers(0, 256, (111, 77, 3), np.uint8)
    mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    ours, place = sam_input(image, (1024, 1024), mean, std)
    resized = torch.from_numpy(ResizeLongestSide(1024).apply_image(image)).permute(2, 0, 1)
    assert place.resized_size == tuple(resized.shape[1:])
    theirs = (resized - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    theirs = torch.nn.functional.pad(theirs, (0, 1024 - theirs.shape[2], 0, 1024 - theirs.shape[1]))
    torch.testing.assert_close(ours[0], theirs, rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (240, 320), (7, 500)])
def test_any_shape_fits_and_the_padding_is_zero(shape):
    image = np.full((*shape, 3), 200, np.uint8)
    for preprocess in (clip_input, sam_input):
        pixels, place = preprocess(image, (48, 64), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        assert pixels.shape == (1, 3, 48, 64)
        assert int((pixels != 0).sum()) == 3 * place.resized_size[0] * place.resized_size[1]


def _worst_for_rounding() -> np.ndarray:
    """(480, 640, 3): noise, and stripes that put sums of eighths on the half at which rounding turns."""
    image = np.random.default_rng(3).integers(0, 256, (480, 640, 3), np.uint8)
    image[100:200] = np.where(np.arange(640)[:, None] % 4 < 2, 0, [4, 12, 255])
    image[200:300] = np.where(np.arange(100)[:, None, None] % 2, 1, [252, 254, 2])
    image[300:400, :320], image[300:400, 320:] = 255, 0
    return image


@pytest.mark.parametrize("writable", [True, False])
def test_halving_equals_pillow_to_the_bit(writable):
    image = _worst_for_rounding()
    image.setflags(write=writable)
    before = image.copy()
    halved, place = sam_input(image, (240, 320), (0.0,) * 3, (1.0,) * 3)
    assert place.resized_size == (240, 320)
    wanted = np.array(Image.fromarray(image).resize((320, 240), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(halved[0].permute(1, 2, 0).numpy(), wanted)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("shape", [(2, 2), (2, 640), (480, 2), (640, 480), (6, 10), (96, 128)])
def test_small_pictures_are_halved_as_pillow_does(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    size = (shape[0] // 2, shape[1] // 2)
    halved, _ = clip_input(image, size, (0.0,) * 3, (1 / 255,) * 3)
    wanted = np.array(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(halved[0].permute(1, 2, 0).round().numpy(), wanted)


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() not in preprocessing._QUICK_HALVING, reason="needs AVX2"
)
def test_pillow_is_spared_where_torch_is_quick(monkeypatch):
    monkeypatch.setattr(preprocessing.Image, "fromarray", None)
    sam_input(_worst_for_rounding(), (240, 320), (0.0,) * 3, (1.0,) * 3)
    with pytest.raises(TypeError):
        sam_input(_worst_for_rounding(), (237, 316), (0.0,) * 3, (1.0,) * 3)


def test_a_processor_without_the_quick_halving_gets_the_same_from_pillow(monkeypatch):
    image = _worst_for_rounding()
    quick, _ = sam_input(image, (240, 320), (0.0,) * 3, (1.0,) * 3)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    monkeypatch.setattr(preprocessing, "_halve", None)
    slow, _ = sam_input(image, (240, 320), (0.0,) * 3, (1.0,) * 3)
    assert torch.equal(quick, slow)
