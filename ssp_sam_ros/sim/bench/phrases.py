"""Every word and phrase of the bench's language. `vocabulary` reads these tables; `say.py` fills them in.

Placeholders: {the}: article or nothing. {core}, {cores}: adjectives and noun, singular or plural. {anchor}:
another thing, with its article. {is}: "is" or "are". The templates of the tables `..._UNSEEN` are never used
where training data is made: the split "forms" is made of them.
"""

from __future__ import annotations

from .words import COLOURS, METAL, NOUNS, WOODEN

Table = dict[str, tuple[str, ...]]

SINGULAR: Table = {
    **{noun: (noun,) for noun in NOUNS},
    "mug": ("mug", "mug", "coffee mug"),
    "glass": ("glass", "glass", "drinking glass"),
    "can": ("can", "can", "tin"),
    "wrench": ("wrench", "wrench", "spanner"),
    "scissors": ("scissors", "scissors", "pair of scissors"),
    "tape": ("tape", "roll of tape", "tape roll"),
    "phone": ("phone", "phone", "cell phone", "smartphone"),
    "box": ("box", "box", "carton"),
    "block": ("block", "block", "toy block"),
    "car": ("car", "toy car"),
    "fruit": ("fruit", "piece of fruit"),
    "tool": ("tool",),
}
PLURAL: Table = {
    **{noun: (noun + "s",) for noun in NOUNS},
    "mug": ("mugs", "mugs", "coffee mugs"),
    "glass": ("glasses", "glasses", "drinking glasses"),
    "can": ("cans", "cans", "tins"),
    "knife": ("knives",),
    "wrench": ("wrenches", "wrenches", "spanners"),
    "scissors": ("scissors", "pairs of scissors"),
    "tape": ("tapes", "rolls of tape", "tape rolls"),
    "phone": ("phones", "phones", "cell phones", "smartphones"),
    "box": ("boxes", "boxes", "cartons"),
    "block": ("blocks", "blocks", "toy blocks"),
    "car": ("cars", "toy cars"),
    "fruit": ("fruits", "pieces of fruit"),
    "tool": ("tools",),
}
ANY, ANY_PLURAL = ("one", "one", "thing", "object", "item"), ("things", "objects", "items", "ones")
ARE = frozenset(("scissors",))  # singular things that take "are"
SIZE: Table = {"small": ("small", "small", "little"), "large": ("large", "big")}
LARGER: Table = {"small": ("smaller",), "large": ("larger", "bigger")}
LARGEST: Table = {"small": ("smallest",), "large": ("largest", "biggest")}
MATERIAL: Table = {METAL: ("metal",), WOODEN: ("wooden",)}
ORDINALS = ("first", "second", "third", "fourth", "fifth")
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}

# A bare description; {pred}: "red", "small and red".
CORE: Table = {"": ("{core}",), "that": ("{noun} that {is} {pred}", "{noun} which {is} {pred}")}
CORE_UNSEEN: Table = {"that": ("{noun} in {colour}",), "size": ("{noun} that {is} {size}",)}
PLACED: Table = {
    "left": ("on the left", "on the left side", "on the left hand side", "to the left"),
    "right": ("on the right", "on the right side", "on the right hand side", "to the right"),
    "front": ("at the front", "in the front"),
    "back": ("at the back", "in the back"),
    "middle": ("in the middle", "in the center", "in the middle of the table"),
}
PLACED_BEFORE: Table = {
    "left": ("left {core}", "left hand {core}"),
    "right": ("right {core}", "right hand {core}"),
}
PLACED_UNSEEN: Table = {
    "left": ("at the left side of the table", "in the left part of the table"),
    "right": ("at the right side of the table", "in the right part of the table"),
    "front": ("in the front part of the table", "at the front side"),
    "back": ("in the back part of the table", "at the back side"),
    "middle": ("at the center of the table", "in the middle part of the table"),
}
EXTREME: Table = {
    "leftmost": (
        "{the}leftmost {core}", "{the}{core} farthest to the left", "{the}{core} on the far left",
        "{the}{core} that {is} furthest left",
    ),
    "rightmost": (
        "{the}rightmost {core}", "{the}{core} farthest to the right", "{the}{core} on the far right",
        "{the}{core} that {is} furthest right",
    ),
    "nearest": (
        "{the}nearest {core}", "{the}closest {core}", "{the}{core} nearest to the camera",
        "{the}{core} closest to the camera", "{the}{core} closest to me",
        "{the}{core} that {is} nearest to me",
    ),
    "farthest": (
        "{the}farthest {core}", "{the}{core} farthest from the camera", "{the}{core} farthest away",
        "{the}{core} that {is} furthest away",
    ),
}  # fmt: skip
EXTREME_UNSEEN: Table = {
    "leftmost": ("of the {cores} the one farthest to the left", "of all the {cores} the leftmost one"),
    "rightmost": ("of the {cores} the one farthest to the right", "of all the {cores} the rightmost one"),
    "nearest": ("of the {cores} the one closest to the camera", "of all the {cores} the nearest one"),
    "farthest": ("of the {cores} the one farthest away", "of all the {cores} the farthest one"),
}
ORDINAL: Table = {
    "leftmost": ("{the}{nth} {core} from the left", "{the}{core} that {is} {nth} from the left"),
    "rightmost": ("{the}{nth} {core} from the right", "{the}{core} that {is} {nth} from the right"),
    "nearest": ("{the}{nth} {core} from the front", "{the}{nth} closest {core}", "{the}{nth} nearest {core}"),
    "farthest": ("{the}{nth} {core} from the back", "{the}{nth} farthest {core}"),
}
ORDINAL_UNSEEN: Table = {
    "leftmost": ("from the left the {nth} {core}", "of the {cores} the {nth} one from the left"),
    "rightmost": ("from the right the {nth} {core}", "of the {cores} the {nth} one from the right"),
    "nearest": ("from the front the {nth} {core}", "of the {cores} the {nth} closest one"),
    "farthest": ("from the back the {nth} {core}", "of the {cores} the {nth} farthest one"),
}
COMPARED: Table = {
    "": ("{the}{more} {core}", "{the}{core} that {is} {more}", "{the}{more} one of the {cores}")
}
COMPARED_UNSEEN: Table = {"": ("of the {cores} the {more} one", "out of the {cores} the one that is {more}")}
RELATED: Table = {
    "left": ("left of {anchor}", "to the left of {anchor}", "on the left of {anchor}"),
    "right": ("right of {anchor}", "to the right of {anchor}", "on the right of {anchor}"),
    "front": ("in front of {anchor}",),
    "behind": ("behind {anchor}", "in back of {anchor}"),
    "next": ("next to {anchor}", "beside {anchor}", "right next to {anchor}"),
    "near": ("near {anchor}", "by {anchor}"),
    "on": ("on {anchor}", "on top of {anchor}", "lying on {anchor}"),
    "in": ("in {anchor}", "inside {anchor}", "inside of {anchor}"),
}
LINK = ("", "", "that {is} ", "which {is} ")
# The whole phrase; {where}: an entry of RELATED.
RELATED_UNSEEN: Table = {
    "": (
        "{where} the {core}",
        "there is {anchor} find the {core} {where_it}",
        "of the {cores} the one {where}",
    )
}
HOLDING: Table = {
    "on": ("with {anchor} on it", "that has {anchor} on it", "with {anchor} on top", "under {anchor}"),
    "in": ("with {anchor} in it", "that has {anchor} in it", "with {anchor} inside", "holding {anchor}"),
}
HOLDING_UNSEEN: Table = {
    "on": ("that {anchor} is on", "on which {anchor} is"),
    "in": ("that {anchor} is in", "in which {anchor} is"),
}
BETWEEN: Table = {
    "": ("{the}{core} between {anchor} and {second}", "{the}{core} in the middle of {anchor} and {second}")
}
BETWEEN_UNSEEN: Table = {
    "": ("between {anchor} and {second} the {core}", "of the {cores} the one between {anchor} and {second}")
}
CLOSEST: Table = {
    "": (
        "{the}{core} closest to {anchor}", "{the}{core} nearest to {anchor}", "{the}{core} nearest {anchor}",
        "{the}{core} that {is} closest to {anchor}",
    )
}  # fmt: skip
CLOSEST_UNSEEN: Table = {
    "": ("of the {cores} the one closest to {anchor}", "of all the {cores} the one nearest to {anchor}")
}
# {what}: "red", "a mug", "on the left", "next to the plate"
NOT: Table = {"": ("that {is} not {what}", "which {is} not {what}", "that {isnt} {what}")}
NOT_UNSEEN: Table = {"": ("but not the one that is {what}",), "colour": ("but not the {what} one",)}
ALL: Table = {
    "": (
        "all {cores}",
        "all the {cores}",
        "all of the {cores}",
        "every {core}",
        "the {cores}",
        "each {core}",
    ),
    "counted": ("the {number} {cores}", "the {number} {cores}", "all {number} {cores}"),
    "both": ("both {cores}", "both of the {cores}", "the two {cores}"),
    "everything": ("everything", "everything on the table", "all objects", "all the things on the table"),
    "but": ("all the {cores} except {anchor}", "all the {cores} but {anchor}", "all {cores} except {anchor}"),
    "everything but": (
        "everything except {anchor}",
        "everything but {anchor}",
        "all the things except {anchor}",
    ),
}
ALL_UNSEEN: Table = {
    "": ("each one of the {cores}", "every one of the {cores}"),
    "counted": ("every one of the {number} {cores}",),
    "both": ("each one of the two {cores}",),
    "everything": ("every object on the table", "each of the things on the table"),
    "but": ("not {anchor} but all the other {cores}",),
    "everything but": ("not {anchor} but everything else",),
}
TOGETHER: Table = {
    "2": (
        "{a} and {b}",
        "{a} and {b}",
        "{a} and also {b}",
        "{a} together with {b}",
        "{a} as well as {b}",
        "{a} plus {b}",
    ),
    "3": ("{a} and {b} and {c}", "{a} and {b} and also {c}", "{a} as well as {b} and {c}"),
}
TOGETHER_UNSEEN: Table = {
    "2": ("both {a} and {b}", "not only {a} but also {b}"),
    "3": ("{a} plus {b} plus {c}",),
}
AND = " and "
FRAMES = (
    "pick up {np}", "could you hand me {np}", "could you hand me {np} please", "can you give me {np}",
    "give me {np}", "i need {np}", "i want {np}", "i would like {np}",
    "i would like to have {np} please", "please bring me {np}", "bring me {np}", "get me {np}",
    "go and get {np}", "grab {np}", "grab {np} for me", "take {np}", "fetch {np}", "find {np}",
    "please find {np}", "show me {np}", "point to {np}", "point at {np}", "look for {np}",
    "select {np}", "segment {np}", "pass me {np}", "pass {np} please", "hey robot {np}",
    "robot please take {np}", "hey robot can you get me {np}", "um {np}", "uh {np}", "okay now {np}",
    "now {np}", "well {np} i think", "the next thing i need is {np}", "could you please get me {np}",
    "would you mind handing me {np}", "let me have {np}", "can i have {np} please", "may i have {np}",
    "do you see {np}", "would you pass me {np} please", "please pick up {np} and give it to me",
    "i am looking for {np}", "{np} please", "{np} thanks", "what about {np}", "that would be {np}",
    "i mean {np}", "no {np}", "actually {np}", "there should be {np} somewhere",
)  # fmt: skip
FRAMES_LOOSE = ("{np} please", "okay now {np}", "now {np}", "um {np}", "hey robot {np}", "{np} thanks")
FRAMES_ONE = ("where is {np}", "is {np} there", "can you see where {np} is")
FRAMES_MANY = ("where are {np}", "can you see where {np} are")
WORDS = ("the", "a", "an", "not", "is", "are", "isn't", "aren't", "it", "else", "other")


def vocabulary() -> tuple[str, ...]:
    """Every word that any sentence can contain, sorted, lower-case."""
    tables = [table for name, table in globals().items() if name.isupper() and isinstance(table, dict)]
    phrases = [*COLOURS, *ANY, *ANY_PLURAL, *ORDINALS, *NUMBERS.values(), *LINK, *WORDS, AND]
    phrases += [*FRAMES, *FRAMES_LOOSE, *FRAMES_ONE, *FRAMES_MANY]
    phrases += [
        p for table in tables if table is not NUMBERS for templates in table.values() for p in templates
    ]
    words = " ".join(phrases).replace("{the}", "").split()
    return tuple(sorted({word for word in words if "{" not in word}))
