"""Flickr30k Entities in its official files, for box pre-training.

``flickr30k/Sentences/<id>.txt`` holds a picture's captions with phrases in brackets, ``[/EN#<chain>/<type>
words]``; ``Annotations/<id>.xml`` the boxes of every chain; ``<split>.txt`` the pictures of a split. One
sample is a chain that has boxes, with every phrase that names it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from .errors import DatasetError
from .folders import find_folder, first_existing
from .json_file import reading
from .picture import FLICKR30K, Picture
from .sample import Box, Dataset, Sample, Sentence, Target

NAME = "flickr30k"
SPLITS = ("train", "val", "test")
_FOLDERS = ("flickr30k", "flickr30k_entities", "Flickr30kEntities")
_PHRASE = re.compile(r"\[/EN#(\d+)((?:/[^\s\]/]+)*)\s+([^\]]*?)\s*\]")
NOT_VISUAL = "0"  # the chain of phrases that name nothing to be seen


def flickr30k_files(root: Path, split: str) -> list[Path]:
    """What a split needs."""
    folder = first_existing([root / name for name in _FOLDERS])
    return [folder / f"{split}.txt", folder / "Sentences", folder / "Annotations"]


def load_flickr30k(root: Path, split: str, image_folder: Path | None = None) -> Dataset:
    """Read one split: "train", "val" or "test".

    Raises:
        FileNotFoundError, DatasetError: as `load_dataset`.
        ValueError: there is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"{NAME} has no split {split!r}; it has: {', '.join(SPLITS)}")
    list_path, captions, boxes = flickr30k_files(root, split)
    images = image_folder or find_folder(root, FLICKR30K)
    samples: list[Sample] = []
    sent_id = 0
    for image_id in _read(list_path).split():
        size, targets = _read_boxes(boxes / f"{image_id}.xml")
        number: int | str = int(image_id) if image_id.isdecimal() else image_id
        picture = Picture(FLICKR30K, number, images / f"{image_id}.jpg", size)
        for chain, phrases in _read_phrases(captions / f"{image_id}.txt").items():
            if chain not in targets:  # a scene, or nothing with a box
                continue
            sentences = tuple(Sentence(text, sent_id + i, kind) for i, (text, kind) in enumerate(phrases))
            sent_id += len(sentences)
            things = tuple(Target(i, box) for i, box in enumerate(targets[chain]))
            samples.append(Sample(NAME, split, picture, int(chain), sentences, things))
    return Dataset(NAME, split, "", samples)


def _read_phrases(path: Path) -> dict[str, list[tuple[str, str | None]]]:
    """chain -> (phrase, its first type) of every mention in the captions, in order."""
    chains: dict[str, list[tuple[str, str | None]]] = {}
    text = _read(path)
    if text.count("[/EN#") != len(_PHRASE.findall(text)):
        raise DatasetError(f"{path}: a phrase is not of the form [/EN#chain/type words]; fetch it again")
    for chain, types, words in _PHRASE.findall(text):
        if chain != NOT_VISUAL:
            kind = types.split("/")[1] if types else None
            chains.setdefault(chain, []).append((" ".join(words.split()), kind))
    return chains


def _read_boxes(path: Path) -> tuple[tuple[int, int], dict[str, list[Box]]]:
    """(height, width) and chain -> boxes (x, y, width, height). The file counts pixels from 1."""
    try:
        root = ElementTree.fromstring(_read(path))
    except ElementTree.ParseError as error:
        raise DatasetError(f"{path} is not whole XML ({error}); fetch it again") from error
    chains: dict[str, list[Box]] = {}
    with reading(path, "size"):
        size = (_number(root, "size/height"), _number(root, "size/width"))
    for number, thing in enumerate(root.findall("object")):
        with reading(path, f"object {number}"):
            box = thing.find("bndbox")
            if box is None:  # the whole scene, or not in the picture
                continue
            x1, y1, x2, y2 = (_number(box, side) - 1 for side in ("xmin", "ymin", "xmax", "ymax"))
            for name in thing.findall("name"):
                chains.setdefault(name.text or "", []).append((x1, y1, x2 - x1, y2 - y1))
    return size, chains


def _number(element: ElementTree.Element, name: str) -> int:
    text = element.findtext(name)
    if text is None:
        raise ValueError(f"there is no {name}")
    return int(text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; put the set's files there") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 text ({error})") from error
