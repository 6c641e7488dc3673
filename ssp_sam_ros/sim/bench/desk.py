"""What lies on a desk, and toys."""

from __future__ import annotations

import numpy as np

from .mesh import block, extruded, join, rounded_rectangle, turned
from .shape import DARK, MAIN, PALE, STEEL, Part, Shape, Support

Random = np.random.Generator


def pen(rng: Random) -> Shape:
    """A barrel with a pointed tip, a steel or dark cap end and a clip, lying along x."""
    length, radius = rng.uniform(0.125, 0.15), rng.uniform(0.0058, 0.0072)
    barrel = turned(
        [
            [(0.0, 0.0), (radius, 0.0)],
            [(radius, 0.0), (radius, length * 0.82)],
            [(radius, length * 0.82), (0.002, length * 0.95)],
        ],
        12,
    )
    tip = turned([[(0.0025, length * 0.94), (0.0008, length)]], 8)
    cap = turned(
        [
            [(0.0, -0.004), (radius * 0.8, -0.004)],
            [(radius * 0.8, -0.004), (radius * 1.08, 0.0)],
            [(radius * 1.08, 0.0), (radius * 1.08, length * 0.1)],
        ],
        12,
    )
    clip = block(0.0035, 0.004, length * 0.28).moved(x=-radius - 0.002, z=0.002)
    paint = rng.choice([STEEL, DARK, PALE])
    parts = [Part(barrel), Part(join([tip, cap, clip]), paint)]
    return Shape(
        tuple(
            Part(p.mesh.moved(z=-length / 2).rotated("y", 90).moved(z=radius * 1.08), p.paint) for p in parts
        )
    )


def book(rng: Random) -> Shape:
    """Two covers and a spine round a pale block of pages, lying flat."""
    x, y, z = rng.uniform(0.125, 0.155), rng.uniform(0.09, 0.11), rng.uniform(0.018, 0.034)
    cover, over = 0.0028, 0.003
    boards = [block(x, y, cover), block(x, y, cover).moved(z=z - cover)]
    spine = block(x, cover, z).moved(y=-y / 2)
    pages = block(x - 2 * over, y - 2 * over, z - 2 * cover).moved(z=cover)
    parts = [Part(join([*boards, spine])), Part(pages, "paper")]
    if rng.random() < 0.5:
        title = block(x * rng.uniform(0.35, 0.6), y * rng.uniform(0.12, 0.3), 0.0006).moved(y=y * 0.2, z=z)
        parts.append(Part(title, rng.choice([PALE, DARK])))
    return Shape(tuple(parts), Support("on", z, min(x, y) * 0.42))


def phone(rng: Random) -> Shape:
    """A slab with round corners and a black screen, or face down with its cameras."""
    x, y, z = rng.uniform(0.13, 0.15), rng.uniform(0.066, 0.074), rng.uniform(0.009, 0.011)
    body = extruded(rounded_rectangle(x, y, 0.012), 0.0, z, 0.0015)
    if rng.random() < 0.7:
        border = rng.uniform(0.008, 0.012)
        screen = extruded(rounded_rectangle(x - 2.2 * border, y - 1.4 * border, 0.006), z, z + 0.0006)
        return Shape((Part(body), Part(screen, "screen")))
    bump = extruded(rounded_rectangle(0.028, 0.030, 0.006), z, z + 0.0025, 0.0005)
    eyes = [
        turned([[(0.006, z), (0.006, z + 0.004)], [(0.006, z + 0.004), (0.0, z + 0.004)]], 12)
        for _ in range(2)
    ]
    place = (x / 2 - 0.022, y / 2 - 0.021)
    cameras = join(
        [eyes[0].moved(x=place[0] - 0.006, y=place[1]), eyes[1].moved(x=place[0] + 0.007, y=place[1])]
    )
    return Shape((Part(body), Part(bump.moved(*place), MAIN), Part(cameras, "screen")))


def box(rng: Random) -> Shape:
    """A closed carton with tape over its seam, a gift box with a lid, or an open one."""
    x, y, z = rng.uniform(0.085, 0.115), rng.uniform(0.065, 0.085), rng.uniform(0.05, 0.085)
    kind = rng.integers(3)
    if kind == 0:
        seam = block(x * 1.004, 0.012, z * 0.3).moved(z=z * 0.7 + 0.0006)
        return Shape((Part(block(x, y, z, 0.001)), Part(seam, PALE)), Support("on", z, min(x, y) * 0.42))
    if kind == 1:
        lid = block(x * 1.05, y * 1.05, z * 0.28, 0.0015).moved(z=z * 0.74)
        return Shape((Part(join([block(x, y, z * 0.9), lid])),), Support("on", z * 1.02, min(x, y) * 0.42))
    wall = 0.004
    walls = [block(x, wall, z).moved(y=s * (y - wall) / 2) for s in (-1, 1)]
    walls += [block(wall, y - 2 * wall, z).moved(x=s * (x - wall) / 2) for s in (-1, 1)]
    flaps = [
        block(x * 0.96, 0.028, 0.002).rotated("x", s * -35).moved(y=s * (y / 2 + 0.010), z=z - 0.010)
        for s in (-1, 1)
    ]
    return Shape((Part(join([block(x, y, wall), *walls, *flaps])),), Support("in", wall, min(x, y) * 0.40))


def block_(rng: Random) -> Shape:
    """A toy block: a plain cube, one with rounded edges, or a brick with studs."""
    side = rng.uniform(0.042, 0.050)
    kind = rng.integers(3)
    if kind < 2:
        return Shape(
            (Part(block(side, side, side, 0.0 if kind == 0 else 0.004)),), Support("on", side, side * 0.42)
        )
    x, y, z = side * 1.45, side * 0.95, side * 0.62
    r, top = side * 0.15, z + 0.006
    stud = turned([[(r, z), (r, top)], [(r, top), (0.0, top)]], 12)
    studs = [stud.moved(x=i * x / 3, y=j * y / 4) for i in (-1, 0, 1) for j in (-1, 1)]
    return Shape((Part(join([block(x, y, z), *studs])),), Support("on", z + 0.006, y * 0.42))


def ball(rng: Random) -> Shape:
    """A ball: plain, with a pale band, or with a dark seam."""
    radius, a = rng.uniform(0.036, 0.044), np.linspace(-np.pi / 2, np.pi / 2, 15)
    body = turned([[(max(0.0, radius * float(np.cos(s))), radius * (1 + float(np.sin(s)))) for s in a]])
    kind = rng.integers(3)
    if kind == 0:
        return Shape((Part(body),))
    width = 0.16 if kind == 1 else 0.05
    b = np.linspace(-width, width, 4)
    band = turned([[(radius * 1.006 * float(np.cos(s)), radius * 1.006 * float(np.sin(s))) for s in b]], 36)
    tilt = rng.uniform(20, 90)
    bands = [band.rotated("x", tilt)]
    if kind == 2:
        bands.append(band.rotated("x", tilt + 90))
    return Shape(
        (
            Part(body),
            Part(join(bands).rotated("z", rng.uniform(0, 360)).moved(z=radius), PALE if kind == 1 else DARK),
        )
    )


def sponge(rng: Random) -> Shape:
    """A soft slab with a rough pad on one side."""
    x, y, z = rng.uniform(0.095, 0.115), rng.uniform(0.060, 0.070), rng.uniform(0.026, 0.034)
    pad = rng.uniform(0.006, 0.008)
    outline = rounded_rectangle(x, y, 0.010, 4)
    waist = outline * np.column_stack([np.ones(len(outline)), 1 - 0.12 * (1 - (2 * outline[:, 0] / x) ** 2)])
    body = extruded(waist, pad, z, 0.003)
    return Shape((Part(body, "sponge"), Part(extruded(waist, 0.0, pad), DARK)), Support("on", z, y * 0.35))


def car(rng: Random) -> Shape:
    """A toy car: body, cabin with windows, four wheels."""
    x, y, z = rng.uniform(0.105, 0.125), rng.uniform(0.046, 0.052), rng.uniform(0.020, 0.024)
    wheel = rng.uniform(0.0125, 0.015)
    start, stop = (-0.30, 0.14) if rng.random() < 0.6 else (-0.48, 0.12)
    floor = wheel * 0.7
    side = np.array([(-x / 2, 0.0), (x / 2, 0.0), (x / 2, z * 0.75), (x * 0.25, z), (-x / 2, z)])
    hull = extruded(side, -y / 2, y / 2).rotated("x", 90).moved(z=floor)
    high = z * rng.uniform(0.8, 1.0)
    cabin_side = np.array(
        [(start * x, 0.0), (stop * x + 0.014, 0.0), (stop * x, high), (start * x + 0.008, high)]
    )
    cabin = extruded(cabin_side, -y * 0.42, y * 0.42).rotated("x", 90).moved(z=floor + z)
    panes = (
        extruded(cabin_side * (0.86, 0.62), -y * 0.43, y * 0.43)
        .rotated("x", 90)
        .moved(x=(start + stop) * x * 0.07, z=floor + z + high * 0.12)
    )
    tyre = turned(
        [[(0.0, 0.0), (wheel, 0.0)], [(wheel, 0.0), (wheel, 0.010)], [(wheel, 0.010), (0.0, 0.010)]], 14
    )
    wheels = [
        tyre.rotated("x", 90).moved(x=i * x * 0.3, y=j * y * 0.46 + 0.005, z=wheel)
        for i in (-1, 1)
        for j in (-1, 1)
    ]
    return Shape((Part(join([hull, cabin])), Part(panes, "screen"), Part(join(wheels), DARK)), show=np.pi / 2)
