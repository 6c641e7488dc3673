"""What the bench holds: nouns, colours, sizes, materials, and which of them go together.

How they are said is in `phrases.py`.
"""

from __future__ import annotations

NOUNS: tuple[str, ...] = (
    "mug", "cup", "glass", "bowl", "plate", "bottle", "can", "jar", "teapot", "pan", "spoon", "fork", "knife",
    "apple", "banana", "orange", "lemon", "pear", "carrot",
    "screwdriver", "hammer", "wrench", "scissors", "tape",
    "pen", "book", "phone", "box", "block", "ball", "sponge", "car",
)  # fmt: skip
COLOURS: tuple[str, ...] = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "black",
    "silver",
)  # fmt: skip
SIZES: tuple[str, ...] = ("small", "large")
# "plain" is never said: matt and glossy plastic, glaze, rubber, skin.
PLAIN, METAL, WOODEN = "plain", "metal", "wooden"
MATERIALS: tuple[str, ...] = (PLAIN, METAL, WOODEN)

# Colours of things that grow and of clear glass; all else comes in all `COLOURS`, silver in metal only.
_GROWN: dict[str, tuple[str, ...]] = {
    "apple": ("red", "green", "yellow"),
    "banana": ("yellow", "green"),
    "orange": ("orange",),
    "lemon": ("yellow",),
    "pear": ("green", "yellow"),
    "carrot": ("orange",),
}
_COLOURS_OF = {
    **_GROWN,
    "glass": ("red", "orange", "yellow", "green", "blue", "purple", "pink"),
    "ball": tuple(colour for colour in COLOURS if colour != "orange"),  # such a ball looks like an orange
}
# Cans, pans and tools are of metal anyway, whatever their colour: of them it is not said.
METAL_NOUNS = frozenset(("mug", "cup", "bowl", "bottle", "jar", "teapot", "spoon", "fork", "ball"))
WOODEN_NOUNS = frozenset(
    ("cup", "bowl", "plate", "spoon", "fork", "box", "block", "ball", "hammer", "car", "pen", "screwdriver")
)

# Words for several nouns; and for a word the nouns about which people would not agree.
GROUPS: dict[str, tuple[str, ...]] = {
    "fruit": ("apple", "banana", "orange", "lemon", "pear"),
    "tool": ("screwdriver", "hammer", "wrench"),
}
DOUBTFUL: dict[str, tuple[str, ...]] = {
    "fruit": ("carrot",),
    "tool": ("scissors", "tape", "knife", "pen", "pan", "spoon", "fork"),
    "mug": ("cup",),
    "cup": ("mug", "glass"),
    "glass": ("cup",),
    "bowl": ("pan",),
    "can": ("jar",),
    "jar": ("can", "bottle"),
    "bottle": ("jar",),
    "box": ("block",),
    "block": ("box",),
}
# What the grain of wood and the gleam of metal are lost in, or look like.
_NOT_OF: dict[str, tuple[str, ...]] = {
    PLAIN: ("silver",),
    METAL: ("black", "brown", "white"),
    WOODEN: ("black", "silver"),
}


def colours_of(noun: str, material: str | None = None) -> tuple[str, ...]:
    """The colours that this noun comes in, of this material or of any."""
    materials = materials_of(noun) if material is None else (material,)
    return tuple(
        c for c in _COLOURS_OF.get(noun, COLOURS) if any(c not in _NOT_OF[kind] for kind in materials)
    )


def materials_of(noun: str) -> tuple[str, ...]:
    """The materials that this noun comes in."""
    return (PLAIN, *((METAL,) if noun in METAL_NOUNS else ()), *((WOODEN,) if noun in WOODEN_NOUNS else ()))


# One colour of most manufactured nouns is kept out of training: neither shown nor said together with it. The
# simple world, of which a model may learn too, shows none of these pairs either.
HELD_OUT_PAIRS: frozenset[tuple[str, str]] = frozenset(
    {
        ("blue", "cup"), ("red", "glass"), ("pink", "bottle"), ("yellow", "jar"), ("purple", "teapot"),
        ("white", "pan"), ("orange", "spoon"), ("blue", "fork"), ("brown", "knife"), ("red", "screwdriver"),
        ("green", "hammer"), ("pink", "wrench"), ("black", "scissors"), ("yellow", "tape"), ("purple", "pen"),
        ("white", "book"), ("orange", "phone"), ("brown", "block"), ("green", "sponge"), ("pink", "car"),
    }
)  # fmt: skip
