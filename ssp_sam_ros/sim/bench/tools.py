"""Tools; they lie along x."""

from __future__ import annotations

import numpy as np

from .mesh import Mesh, block, extruded, join, swept, turned
from .shape import DARK, MAIN, PALE, STEEL, Part, Shape

Random = np.random.Generator


def _along_x(mesh: Mesh) -> Mesh:
    """Something turned about z, laid along x."""
    return mesh.rotated("y", 90)


def _middle(parts: list[Part], lift: float = 0.0) -> Shape:
    x = np.concatenate([part.mesh.vertices[:, 0] for part in parts])
    shift = -(float(x.min()) + float(x.max())) / 2
    return Shape(tuple(Part(part.mesh.moved(x=shift, z=lift), part.paint) for part in parts))


def screwdriver(rng: Random) -> Shape:
    """A fat grip with a waist, a thin steel shaft with a flat tip."""
    grip, radius, shaft = rng.uniform(0.080, 0.095), rng.uniform(0.0135, 0.017), rng.uniform(0.085, 0.12)
    t = np.linspace(0, 1, 9)
    shape = np.array([0.72, 0.97, 1.0, 0.97, 0.95, 0.98, 0.92, 0.62, 0.74]) * radius
    profile = [(float(r), float(h)) for r, h in zip(shape, grip * t, strict=True)]
    handle = turned(
        [[(0.0, 0.0), profile[0]], profile, [profile[-1], (0.0, grip)]], 8 if rng.random() < 0.5 else 16
    )
    rod = turned([[(0.0038, grip), (0.0038, grip + shaft)], [(0.0038, grip + shaft), (0.0, grip + shaft)]], 8)
    tip = block(0.010, 0.003, 0.014).moved(z=grip + shaft - 0.004)
    return _middle([Part(_along_x(handle)), Part(_along_x(join([rod, tip])), STEEL)], lift=radius)


def hammer(rng: Random) -> Shape:
    """A coloured handle, a dark head across its end with a face and a claw or a peen."""
    length, head = rng.uniform(0.17, 0.20), rng.uniform(0.075, 0.09)
    t = np.linspace(0, 1, 6)
    radii = np.column_stack([0.0085 + 0 * t, np.array([0.0115, 0.0125, 0.0115, 0.009, 0.008, 0.0085])])
    handle = swept(np.column_stack([length * t, np.zeros(6), np.full(6, 0.013)]), radii, 10)
    face = turned(
        [[(0.0, 0.0), (0.0135, 0.0)], [(0.0135, 0.0), (0.0135, 0.018)], [(0.0135, 0.018), (0.009, 0.022)]], 14
    )
    face = face.rotated("x", 90).moved(x=length, y=head * 0.42, z=0.0135)
    body = block(0.022, head * 0.5, 0.022, 0.002).moved(x=length, y=head * 0.08, z=0.002)
    claw_bend = 0.012 if rng.random() < 0.6 else 0.0
    outline = np.array(
        [
            (-0.011, -head * 0.16),
            (0.011, -head * 0.16),
            (0.004 - claw_bend, -head * 0.58),
            (-0.004 - claw_bend, -head * 0.58),
        ]
    )
    claw = extruded(outline, 0.006, 0.021).moved(x=length)
    return _middle([Part(handle), Part(join([face, body, claw]), rng.choice([STEEL, DARK]))])


def wrench(rng: Random) -> Shape:
    """A flat spanner: an open jaw at one end, a ring or a second jaw at the other; coloured all over."""
    length, wide, jaw = rng.uniform(0.13, 0.155), rng.uniform(0.0075, 0.0095), rng.uniform(0.020, 0.024)
    slot, turn = jaw * 0.5, np.radians(rng.uniform(10, 20))

    def open_end() -> np.ndarray:
        # from the shaft round one prong, into the slot, round the other prong, back to the shaft
        upper = [(jaw * np.cos(a), jaw * np.sin(a)) for a in np.radians(np.linspace(155, 32, 7))]
        lower = [(x, -y) for x, y in upper[::-1]]
        inside = [
            (jaw * 0.95, slot),
            (-jaw * 0.1, slot),
            (-jaw * 0.35, 0.0),
            (-jaw * 0.1, -slot),
            (jaw * 0.95, -slot),
        ]
        points = np.array(upper + inside + lower)
        c, s = np.cos(turn), np.sin(turn)
        return points @ np.array([[c, s], [-s, c]])

    head = extruded(open_end(), 0.0, 0.010, 0.001).moved(x=length / 2)
    shaft = block(length, wide * 2, 0.008, 0.001).moved(x=-jaw * 0.35)
    if rng.random() < 0.5:
        other = extruded(open_end(), 0.0, 0.010, 0.001).scaled(0.85, 0.85, 1.0).rotated("z", 180)
        other = other.moved(x=-length / 2 - jaw * 0.7)
    else:
        other = _ring(jaw * 0.85, jaw * 0.48, 0.0, 0.011).moved(x=-length / 2 - jaw * 0.7)
    return _middle([Part(join([head, shaft, other]))])


def _ring(outer: float, inner: float, low: float, high: float, segments: int = 24) -> Mesh:
    return turned(
        [
            [(inner, low), (outer, low)],
            [(outer, low), (outer, high)],
            [(outer, high), (inner, high)],
            [(inner, high), (inner, low)],
        ],
        segments,
    )


def scissors(rng: Random) -> Shape:
    """Two finger loops, a pivot, two steel blades slightly open."""
    blade, open_ = rng.uniform(0.085, 0.10), rng.uniform(6.0, 14.0)
    loop = rng.uniform(0.019, 0.023)
    loops, blades = [], []
    for side in (1, -1):
        edge = np.array(
            [(-0.012, -0.006), (blade * 0.9, -0.003), (blade, 0.002), (blade * 0.6, 0.007), (-0.012, 0.007)]
        )
        edge[:, 1] *= side
        low = 0.004 if side > 0 else 0.0075
        blades.append(extruded(edge, low, low + 0.0035).rotated("z", side * open_ / 2))
        ring = _ring(loop, loop * 0.58, 0.0, 0.010, 20).scaled(1.35, 1.0, 1.0)
        y = -side * (loop + 0.003)
        arm = swept(
            np.array([[-0.004, 0.0, 0.006], [-0.022, y * 0.5, 0.006], [-0.038, y * 0.8, 0.006]]),
            np.full(3, 0.0055),
            8,
        )
        loops += [ring.moved(x=-0.034 - loop, y=y), arm]
    pivot = turned([[(0.005, 0.0), (0.005, 0.0125)], [(0.005, 0.0125), (0.0, 0.0125)]], 10)
    return _middle([Part(join(loops)), Part(join([*blades, pivot]), STEEL)])


def tape(rng: Random) -> Shape:
    """A roll with a wide hole: flat, or standing on its rim."""
    outer, high = rng.uniform(0.042, 0.050), rng.uniform(0.022, 0.034)
    inner = outer * rng.uniform(0.62, 0.70)
    roll, core = _ring(outer, inner, 0.0, high, 32), _ring(inner + 0.0005, inner * 0.92, 0.0, high * 1.01, 32)
    parts = [Part(roll, MAIN), Part(core, PALE)]
    if rng.random() < 0.3:
        parts = [Part(p.mesh.moved(z=-high / 2).rotated("x", 90).moved(z=outer), p.paint) for p in parts]
        return Shape(tuple(parts), show=np.pi / 2)
    return Shape(tuple(parts))
