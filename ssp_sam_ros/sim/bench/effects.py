"""What a real camera adds: white balance, exposure, vignetting, blur and noise."""

from __future__ import annotations

import cv2
import numpy as np


def degrade(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture, uint8 (H, W, 3), as a mediocre camera would have taken it."""
    height, width = image.shape[:2]
    scale = width / 320
    picture = image.astype(np.float32)
    if rng.random() < 0.45:
        picture = _blurred(picture, rng, scale)
    gains = rng.uniform(0.94, 1.06, 3) * rng.uniform(0.9, 1.12)
    if rng.random() < 0.4:
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
        picture *= (1 - rng.uniform(0.02, 0.14) * (x * x + y * y))[..., None]
    picture = 255 * np.clip(picture * (gains / 255).astype(np.float32), 0, 1) ** np.float32(
        rng.uniform(0.86, 1.05)
    )
    if rng.random() < 0.7:
        shot, read = rng.uniform(0.0, 0.5), rng.uniform(0.3, 4.0)
        sigma = np.sqrt(read**2 + shot**2 * picture)
        noise = rng.standard_normal(picture.shape, dtype=np.float32)
        picture += sigma * noise
    return np.clip(picture, 0, 255).astype(np.uint8)


def _blurred(picture: np.ndarray, rng: np.random.Generator, scale: float) -> np.ndarray:
    """Out of focus, or, one time in four, moved."""
    if rng.random() < 0.75:
        blurred: np.ndarray = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.35, 1.0) * scale)
        return blurred
    length, turn = rng.uniform(1.2, 3.2) * scale, rng.uniform(0, np.pi)
    half = int(np.ceil(length / 2))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for s in np.linspace(-length / 2, length / 2, 33):
        x, y = s * np.cos(turn) + half, s * np.sin(turn) + half
        x0, y0 = int(np.floor(x)), int(np.floor(y))
        for dx in (0, 1):
            for dy in (0, 1):
                if x0 + dx < len(kernel) and y0 + dy < len(kernel):
                    kernel[y0 + dy, x0 + dx] += (1 - abs(x - x0 - dx)) * (1 - abs(y - y0 - dy))
    moved: np.ndarray = cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    return moved
