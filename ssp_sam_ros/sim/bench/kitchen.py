"""Dishes, containers and cutlery."""

from __future__ import annotations

import numpy as np

from .mesh import Mesh, extruded, join, rounded_rectangle, swept, turned
from .shape import CLEAR, DARK, MAIN, PALE, STEEL, TIMBER, Part, Shape, Support

Random = np.random.Generator


def _vessel(bottom: float, top: float, height: float, wall: float = 0.004, belly: float = 0.0) -> Mesh:
    """An open vessel with a flat floor; `belly` bows its sides out."""
    t = np.linspace(0, 1, 2 if belly == 0 else 7)
    radii = bottom + (top - bottom) * t + belly * np.sin(np.pi * t)
    outside = [(float(r), float(h)) for r, h in zip(radii, t * height, strict=True)]
    inside = [(r - wall, h) for r, h in outside[::-1]]
    inside[-1] = (bottom - wall, wall)
    return turned(
        [[(0.0, 0.0), outside[0]], outside, [outside[-1], inside[0]], inside, [inside[-1], (0.0, wall)]]
    )


def _dish(radius: float, height: float, foot: float, wall: float, power: float) -> Mesh:
    """A round dish whose wall rises as (r - foot)^power."""
    t = np.linspace(0, 1, 9)
    outside = [(foot + (radius - foot) * float(s), height * float(s**power)) for s in t]
    inside = [(r - 0.8 * wall, min(height, h + wall)) for r, h in outside[::-1]]
    return turned(
        [[(0.0, 0.0), outside[0]], outside, [outside[-1], inside[0]], [*inside, (0.0, inside[-1][1])]]
    )


def _cylinder(radius: float, low: float, high: float, segments: int = 24) -> Mesh:
    return turned(
        [[(0.0, low), (radius, low)], [(radius, low), (radius, high)], [(radius, high), (0.0, high)]],
        segments,
    )


def _handle(reach: float, half: float, thick: float, square: bool) -> Mesh:
    """A loop that sticks out along x from the z axis, centred on z = 0."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 11)
    power = 0.6 if square else 1.0
    x = reach * np.cos(angle) ** power
    z = half * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    return swept(np.column_stack([x, np.zeros(11), z]), np.tile([[thick, thick * 1.5]], (11, 1)), 8)


def mug(rng: Random) -> Shape:
    """A vessel with a handle: straight, tapered or bellied."""
    radius, height = rng.uniform(0.038, 0.046), rng.uniform(0.078, 0.102)
    kind = rng.integers(3)
    bottom, belly = radius * (1.0, rng.uniform(0.74, 0.86), 0.86)[kind], (0.0, 0.0, 0.007)[kind]
    body = _vessel(bottom, radius, height, 0.0045, belly)
    handle = _handle(rng.uniform(0.028, 0.036), height * rng.uniform(0.28, 0.36), 0.005, rng.random() < 0.4)
    side = (radius + bottom) / 2 * 0.94 + belly
    return Shape((Part(join([body, handle.moved(x=side, z=height * 0.5)])),), show=np.pi / 2)


def cup(rng: Random) -> Shape:
    """A paper or party cup: a wide rim over a narrow foot, no handle; one in three with a lid."""
    radius, height = rng.uniform(0.040, 0.046), rng.uniform(0.095, 0.125)
    foot = radius * rng.uniform(0.60, 0.70)
    parts = [Part(_vessel(foot, radius, height, 0.003))]
    kind = rng.integers(3)
    if kind == 0:
        lid = _cylinder(radius * 1.05, height - 0.006, height + 0.004)
        parts.append(Part(join([lid, _cylinder(radius * 0.82, height + 0.004, height + 0.011)]), PALE))
    elif kind == 1:  # a rolled rim
        parts.append(
            Part(turned([[(radius, height - 0.004), (radius + 0.003, height - 0.002), (radius, height)]]))
        )
    return Shape(tuple(parts))


def glass(rng: Random) -> Shape:
    """Clear: a tumbler, or a goblet on a stem."""
    if rng.random() < 0.5:
        radius, height = rng.uniform(0.034, 0.040), rng.uniform(0.10, 0.13)
        foot = radius * rng.uniform(0.80, 0.95)
        base = _cylinder(foot, 0.0, 0.010)
        return Shape((Part(_vessel(foot, radius, height, 0.003), CLEAR), Part(base, CLEAR)))
    radius, stem, height = rng.uniform(0.036, 0.042), rng.uniform(0.055, 0.07), rng.uniform(0.065, 0.08)
    t = np.linspace(0, np.pi / 2, 7)
    outside = [
        (0.005 + radius * float(np.sin(a)) ** 0.8, stem + height * 0.6 * float(1 - np.cos(a))) for a in t
    ]
    outside.append((outside[-1][0] * rng.uniform(0.8, 1.0), stem + height))
    inside = [(max(0.0, r - 0.003), h + 0.002) for r, h in outside[::-1]]
    bowl_ = turned([outside, [outside[-1], inside[0]], inside])
    stand = turned(
        [[(0.0, 0.0), (0.034, 0.0)], [(0.034, 0.0), (0.034, 0.003), (0.006, 0.008), (0.005, stem + 0.002)]]
    )
    return Shape((Part(bowl_, CLEAR), Part(stand, CLEAR)))


def bowl(rng: Random) -> Shape:
    """A round bowl, steep or flaring."""
    radius, height = rng.uniform(0.068, 0.082), rng.uniform(0.048, 0.064)
    foot = radius * rng.uniform(0.36, 0.5)
    mesh = _dish(radius, height, foot, 0.005, rng.uniform(1.6, 2.6))
    return Shape((Part(mesh),), Support("in", 0.008, radius * 0.72))


def plate(rng: Random) -> Shape:
    """A flat dish with a rim; one in four is square."""
    if rng.random() < 0.25:
        side = rng.uniform(0.15, 0.175)
        base = extruded(rounded_rectangle(side * 0.72, side * 0.72, 0.02), 0.0, 0.006)
        outer, inner = (rounded_rectangle(side * k, side * k, 0.03 * k) for k in (1.0, 0.86))
        rim = extruded(_ring(outer, inner), 0.006, 0.012, 0.002)
        floor = extruded(inner, 0.005, 0.008)
        return Shape((Part(join([base, rim, floor])),), Support("on", 0.008, side * 0.40))
    radius, height = rng.uniform(0.082, 0.097), rng.uniform(0.012, 0.02)
    foot = radius * rng.uniform(0.58, 0.72)
    outside = [(foot, 0.0), (radius, height)]
    inside = [(radius - 0.002, height + 0.002), (foot * 1.02, 0.005)]
    body = turned(
        [[(0.0, 0.0), outside[0]], outside, [outside[-1], inside[0]], inside, [inside[-1], (0.0, 0.004)]]
    )
    return Shape((Part(body),), Support("on", 0.005, foot * 0.95))


def _ring(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """One outline of a ring: round the outside, back round the inside, with a hair-thin cut."""
    cut = np.array([0, -1e-5])
    return np.concatenate([outer, outer[:1] + cut, inner[:1] + cut, inner[:0:-1], inner[:1]])


def bottle(rng: Random) -> Shape:
    """A bottle with a cap: slim, stout or a flask; one in five lies on its side."""
    radius, height = rng.uniform(0.028, 0.037), rng.uniform(0.17, 0.215)
    neck = radius * rng.uniform(0.32, 0.5)
    shoulder, top = height * rng.uniform(0.48, 0.62), height * rng.uniform(0.76, 0.84)
    t = np.linspace(0, np.pi / 2, 7)
    slope = [
        (neck + (radius - neck) * float(np.cos(a)), shoulder + (top - shoulder) * float(np.sin(a))) for a in t
    ]
    body = turned(
        [[(0.0, 0.0), (radius, 0.0)], [(radius, 0.0), *slope], [(neck, top), (neck, height * 0.93)]]
    )
    cap = _cylinder(neck * 1.3, height * 0.9, height, 16)
    parts = [Part(body, MAIN), Part(cap, rng.choice([PALE, DARK, STEEL]))]
    if rng.random() < 0.5:
        low, high = shoulder * 0.35, shoulder * rng.uniform(0.6, 0.8)
        band = turned([[(radius * 1.012, low), (radius * 1.012, high)]])
        parts.append(Part(band, PALE))
    if rng.random() < 0.2:
        parts = [
            Part(part.mesh.moved(z=-height / 2).rotated("y", 90).moved(z=radius * 1.012), part.paint)
            for part in parts
        ]
    return Shape(tuple(parts))


def can(rng: Random) -> Shape:
    """A tin with steel ends, tall or squat; one in six lies on its side."""
    radius, height = (
        (rng.uniform(0.031, 0.036), rng.uniform(0.10, 0.12))
        if rng.random() < 0.65
        else (rng.uniform(0.038, 0.043), rng.uniform(0.055, 0.075))
    )
    rim, e = radius * 0.92, 0.006
    body = turned([[(radius, e), (radius, height - e)]])
    ends = turned(
        [
            [(0.0, 0.0), (rim, 0.0)],
            [(rim, 0.0), (radius, e)],
            [(radius, height - e), (rim, height)],
            [(rim, height), (rim * 0.92, height)],
            [(rim * 0.92, height), (rim * 0.9, height - 0.004)],
            [(rim * 0.9, height - 0.004), (0.0, height - 0.004)],
        ]
    )
    tab = extruded(rounded_rectangle(0.024, 0.012, 0.005), 0.0, 0.002).moved(x=0.006, z=height - 0.004)
    parts = [Part(body), Part(join([ends, tab]), STEEL)]
    if rng.random() < 0.17:
        parts = [Part(p.mesh.moved(z=-height / 2).rotated("y", 90).moved(z=radius), p.paint) for p in parts]
    return Shape(tuple(parts))


def jar(rng: Random) -> Shape:
    """A squat jar of its colour all over, under a wide lid; some have a knob or a label."""
    radius, height = rng.uniform(0.038, 0.046), rng.uniform(0.075, 0.10)
    neck = radius * rng.uniform(0.78, 0.86)
    filling = turned(
        [[(0.0, 0.0), (radius, 0.0)], [(radius, 0.0), (radius, height * 0.76), (neck, height * 0.86)]]
    )
    lid = _cylinder(neck * 1.12, height * 0.86, height, 24)
    knob = [Part(_cylinder(neck * 0.25, height, height + 0.012, 12), STEEL)] if rng.random() < 0.3 else []
    low, high = height * rng.uniform(0.22, 0.3), height * rng.uniform(0.5, 0.6)
    label = (
        [Part(turned([[(radius * 1.012, low), (radius * 1.012, high)]]), PALE)] if rng.random() < 0.5 else []
    )
    return Shape((Part(filling), Part(lid, rng.choice([STEEL, STEEL, TIMBER])), *knob, *label))


def teapot(rng: Random) -> Shape:
    """A round pot with spout, handle, lid and knob."""
    radius, height = rng.uniform(0.048, 0.056), rng.uniform(0.068, 0.085)
    a = np.linspace(-0.95, 1.05, 11)
    profile = [(radius * float(np.cos(s)), height * (0.48 + 0.52 * float(np.sin(s)))) for s in a]
    low, high = profile[0][1], profile[-1][1]
    body = turned([[(0.0, low), profile[0]], profile, [profile[-1], (0.0, high)]]).moved(z=-low)
    top = high - low
    lid = turned([[(radius * 0.6, top), (radius * 0.4, top + 0.010), (0.004, top + 0.013)]])
    k = np.linspace(-np.pi / 2, np.pi / 2, 7)
    knob = turned([[(max(0.0, 0.009 * float(np.cos(s))), top + 0.021 + 0.009 * float(np.sin(s))) for s in k]])
    t = np.linspace(0, 1, 8)
    spout = swept(
        np.column_stack([-radius * 0.75 - 0.062 * t, np.zeros(8), top * (0.32 + 0.62 * t**1.7)]),
        0.014 - 0.007 * t, 10,
    )  # fmt: skip
    handle = _handle(0.040, top * 0.36, 0.0048, False).moved(x=radius * 0.86, z=top * 0.52)
    dark = rng.random() < 0.3
    parts = [
        Part(join([body, lid, spout])),
        Part(join([knob]), DARK if dark else MAIN),
        Part(handle, DARK if dark else MAIN),
    ]
    return Shape(tuple(parts), show=np.pi / 2)


def pan(rng: Random) -> Shape:
    """A frying pan or a deeper saucepan with a long handle along x."""
    deep = rng.random() < 0.4
    radius = rng.uniform(0.058, 0.066) if deep else rng.uniform(0.072, 0.082)
    height = rng.uniform(0.05, 0.065) if deep else rng.uniform(0.022, 0.03)
    body = _vessel(radius * (0.98 if deep else 0.82), radius, height, 0.004)
    length = rng.uniform(0.10, 0.125)
    t = np.linspace(0, 1, 5)
    centres = np.column_stack([radius * 0.95 + length * t, np.zeros(5), height * 0.8 + 0.018 * t])
    handle = swept(centres, np.column_stack([0.005 + 0 * t, 0.0075 + 0.002 * t]), 8)
    base = Support("in", 0.005, radius * 0.7)
    return Shape((Part(body), Part(handle, rng.choice([DARK, DARK, MAIN, TIMBER]))), base)


def _grip(length: float, width: float, thick: float) -> np.ndarray:
    return rounded_rectangle(length, width, width * 0.45, 4) + np.array([length / 2, 0])


def spoon(rng: Random) -> Shape:
    """An oval bowl on a slender, slightly bowed stem."""
    length, wide = rng.uniform(0.10, 0.125), rng.uniform(0.020, 0.025)
    t = np.linspace(0, 1, 8)
    stem = swept(
        np.column_stack([length * t, np.zeros(8), 0.006 + 0.010 * np.sin(np.pi * t)]),
        np.column_stack([np.full(8, 0.0028), 0.0042 + 0.0032 * t]), 8,
    )  # fmt: skip
    head = _dish(wide, wide * 0.42, wide * 0.2, 0.003, 1.9).scaled(1.5, 1.0, 1.0).moved(x=-wide * 1.4)
    return _centred([Part(join([stem, head]))])


def fork(rng: Random) -> Shape:
    """Three or four tines, clearly apart, on a stem."""
    length, wide, tines = rng.uniform(0.10, 0.12), rng.uniform(0.034, 0.040), int(rng.integers(3, 5))
    reach, neck = rng.uniform(0.048, 0.058), 0.026
    gap = wide / (2 * tines - 1) * 1.15
    width = (wide - gap * (tines - 1)) / tines
    outline = [(0.0, 0.0045), (-neck * 0.5, wide * 0.4), (-neck, wide / 2)]
    for k in range(tines):
        y = wide / 2 - k * (width + gap)
        outline += [(-neck - reach, y - width * 0.15), (-neck - reach, y - width * 0.85), (-neck, y - width)]
        if k < tines - 1:
            outline.append((-neck, y - width - gap))
    outline += [(-neck * 0.5, -wide * 0.4), (0.0, -0.0045)]
    head = extruded(np.array(outline), 0.004, 0.009)
    t = np.linspace(0, 1, 6)
    stem = swept(
        np.column_stack([-0.004 + length * t, np.zeros(6), 0.0065 + 0.008 * np.sin(np.pi * t)]),
        np.column_stack([np.full(6, 0.0032), 0.0045 + 0.0035 * t]), 8,
    )  # fmt: skip
    return _centred([Part(join([head, stem]))])


def knife(rng: Random) -> Shape:
    """A steel blade with a point, a coloured handle."""
    blade, grip, wide = rng.uniform(0.095, 0.12), rng.uniform(0.075, 0.09), rng.uniform(0.021, 0.030)
    back = 0.3 * wide if rng.random() < 0.5 else 0.5 * wide
    edge = [
        (0.0, -wide * 0.5),
        (-blade * 0.72, -wide * 0.5),
        (-blade * 0.9, -wide * 0.25),
        (-blade, back * 0.9),
    ]
    steel = extruded(np.array([(0.0, back), *edge]), 0.004, 0.007)
    handle = extruded(_grip(grip, wide * 0.72, 0.012), 0.0, 0.015, 0.002)
    return _centred([Part(handle), Part(steel, STEEL)])


def _centred(parts: list[Part]) -> Shape:
    """The parts shifted along x so that their middle is the origin."""
    x = np.concatenate([part.mesh.vertices[:, 0] for part in parts])
    shift = -(float(x.min()) + float(x.max())) / 2
    return Shape(tuple(Part(part.mesh.moved(x=shift), part.paint) for part in parts))
