"""Where the pictures of each collection usually lie below the root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .picture import COCO, FLICKR30K, SAIAPR, VISUAL_GENOME

IMAGE_FOLDERS: Mapping[str, tuple[str, ...]] = {
    COCO: ("images/train2014", "images/mscoco/images/train2014", "train2014", "coco/train2014"),
    SAIAPR: ("images/saiapr_tc-12", "images/saiaprtc12", "images/refclef", "saiapr_tc-12", "referit/images"),
    FLICKR30K: ("images/flickr30k", "images/flickr", "flickr30k-images", "flickr30k/flickr30k-images"),
    VISUAL_GENOME: ("images/VG", "images/visual_genome", "VG", "vg", "phrasecut/images"),
}
"""By collection, relative to the root; the first that exists is used."""

VG_PARTS = ("VG_100K", "VG_100K_2")


def find_folder(root: Path, source: str) -> Path:
    """The folder of a collection's pictures: the first usual one that exists, else the first."""
    return first_existing([root / folder for folder in IMAGE_FOLDERS[source]])


def first_existing(paths: Sequence[Path]) -> Path:
    """The first path that exists, else the first."""
    return next((path for path in paths if path.exists()), paths[0])


def coco_name(image_id: int) -> str:
    """Name of a picture's file in COCO's train2014."""
    return f"COCO_train2014_{image_id:012d}.jpg"


class VisualGenomeFolder:
    """Visual Genome's pictures: in the two folders they are published in, or all in one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts = [part for part in VG_PARTS if (folder / part).is_dir()]

    def path(self, image_id: int, url: str = "") -> Path:
        """Where a picture's file belongs; `url` tells in which of the two folders it was published."""
        name = f"{image_id}.jpg"
        if not self._parts:
            return self.folder / name
        said = [part for part in self._parts if f"/{part}/" in url]
        return first_existing([self.folder / part / name for part in said or self._parts])
