"""Ways in which bytes are damaged."""

from __future__ import annotations

import numpy as np

_FIELDS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def damaged(data: bytes, rng: np.random.Generator, most: int = 6) -> bytes:
    """The data after 0 to `most` damages: bytes changed, cut, put in, repeated, lengths overwritten."""
    out = bytearray(data)
    for _ in range(int(rng.integers(0, most + 1))):
        place = int(rng.integers(0, len(out) + 1))
        match int(rng.integers(0, 8)):
            case 0 | 1 if place < len(out):
                out[place] ^= 1 << int(rng.integers(0, 8))
            case 2 if place < len(out):
                out[place] = int(rng.integers(0, 256))
            case 3:
                del out[place:]
            case 4:
                out[place:place] = rng.bytes(int(rng.integers(1, 17)))
            case 5:
                out[place:place] = out[place : place + int(rng.integers(1, 65))]
            case 6:
                del out[place : place + int(rng.integers(1, 17))]
            case 7:
                width, order = int(rng.choice([1, 2, 4, 8])), str(rng.choice(["little", "big"]))
                number = int(rng.choice(_FIELDS)) % 2 ** (8 * width)
                out[place : place + width] = number.to_bytes(width, order)
    return bytes(out)
