"""Arrays as pictures: every type, layout and form, pictures or not."""

from __future__ import annotations

import numpy as np

from fuzzing.networks import FORMS, WORDS, small_segmenter
from fuzzing.promises import check_result, check_showing, one_line, promise
from ssp_sam_ros.perception.image import as_rgb

_TAKEN = ("u1",) * 10 + ("u2", "u2", ">u2", "f2", "f4", "f4", ">f4", "f8")
_DTYPES = (*_TAKEN, "b1", "i2", "i8", "u4", "c8", "O")


def fuzz(rng: np.random.Generator) -> str:
    """A picture goes all the way to masks; what is none is refused in one line."""
    array = _laid_out(_array(rng), rng)
    before = array.copy()
    segmenter = small_segmenter(str(rng.choice(FORMS)))
    segmenter.no_target_threshold = float(rng.choice([0.0, 0.3, 0.5, 0.9, 1.0]))
    segmenter.no_target_min_pixels = float(rng.choice([0, 1, 50, 5000]))
    key = None if rng.random() < 0.5 else ("camera", int(rng.integers(0, 2**40)))
    try:
        frame = segmenter.encode(array, key=key)
    except ValueError as error:
        one_line(error)
        return "refused"
    promise(frame.image_size == array.shape[:2], f"{frame.image_size} of {array.shape}")
    if array.dtype != object:
        promise(array.tobytes() == before.tobytes(), "the picture was written to")
    count = int(rng.integers(1, 4))
    sentences = [" ".join(rng.choice(WORDS, int(rng.integers(1, 5)))) for _ in range(count)]
    results = segmenter.refer(frame, sentences)
    promise(len(results) == count, f"{len(results)} results for {count} expressions")
    for result in results:
        check_result(result, (array.shape[0], array.shape[1]))
    if rng.random() < 0.1:
        check_showing(as_rgb(array), results)
    return results[0].outcome.value


def _array(rng: np.random.Generator) -> np.ndarray:
    dtype = np.dtype(str(rng.choice(_DTYPES)))
    shape = _shape(rng)
    low, high = (0.0, 1.0) if dtype.kind in "fc" else (0, 255 if dtype.itemsize == 1 else 65535)
    if dtype.kind in "bO":
        low, high = 0, 1
    content = int(rng.integers(0, 3))
    if content == 0 or np.prod(shape) > 2**20:
        array = np.full(shape, rng.choice([low, high]))
    elif content == 1:
        array = rng.random(shape) * (high - low) + low
    else:
        array = np.broadcast_to(np.linspace(low, high, shape[-1]) if shape else np.float64(low), shape)
    array = np.asarray(np.asarray(array).astype(dtype), dtype)
    if array.size and dtype.kind == "f" and rng.random() < 0.2:
        array.flat[int(rng.integers(0, array.size))] = rng.choice([np.nan, np.inf, -np.inf, -1e-3, 1.01, 255])
    return array


def _shape(rng: np.random.Generator) -> tuple[int, ...]:
    """Mostly pictures of up to 200 pixels a side; now and then very long, large, or no picture at all."""
    chance = rng.random()
    if chance < 0.05:
        return tuple(int(side) for side in rng.integers(0, 6, int(rng.integers(0, 6))))
    if chance < 0.1:
        long, short = int(rng.integers(1000, 4001)), int(rng.integers(1, 4))
        sides = (long, short) if rng.random() < 0.5 else (short, long)
    elif chance < 0.101:
        sides = (65_535 + int(rng.integers(-2, 3)), 1)
    elif chance < 0.1013:
        sides = (4320, 7680)
    else:
        height, width = np.exp(rng.uniform(0, np.log(200), 2))
        sides = (round(height), round(width))
    channels = int(rng.choice([0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 5]))
    return (*sides, channels) if channels else sides


def _laid_out(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same values in another memory layout."""
    match int(rng.integers(0, 6)):
        case 0:
            array = np.asfortranarray(array)
        case 1 if array.ndim:
            array = array[::-1]
        case 2 if array.ndim > 1 and array.size < 2**20:
            array = np.repeat(array, 2, axis=1)[:, ::2]
        case 3:
            array.setflags(write=False)
    return array
