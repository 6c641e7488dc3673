"""Little sets in the gRefCOCO and RefCOCO layouts, written for a test; and the photographs of ../shared."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from ssp_sam_ros.network import load_variant

HEIGHT, WIDTH = 60, 80


def rectangle(x: float, y: float, width: float, height: float) -> list[list[float]]:
    """One polygon; whole numbers cover exactly width x height pixels."""
    return [[x, y, x + width, y, x + width, y + height, x, y + height]]


def annotation(ann_id: int, image_id: int, box: tuple[int, int, int, int], **extra: Any) -> dict[str, Any]:
    """A rectangular object in COCO's form."""
    return {
        "id": ann_id, "image_id": image_id, "category_id": 1, "bbox": list(box), "area": box[2] * box[3],
        "iscrowd": 0, "segmentation": rectangle(*box),
    } | extra  # fmt: skip


def reference(
    ref_id: int, image_id: int, ann_id: Any, sentences: list[str], split: str = "val", kind: str | None = None
) -> dict[str, Any]:
    """A raw reference, as the files hold it."""
    extra = {} if kind is None else {"kind": kind}
    return {
        "ref_id": ref_id, "ann_id": ann_id, "category_id": [1], "image_id": image_id,
        "file_name": f"COCO_train2014_{image_id:012d}.jpg", "split": split,
        "sentences": [
            {"raw": text.title(), "sent": text, "sent_id": 10 * ref_id + i, "tokens": text.split()} | extra
            for i, text in enumerate(sentences)
        ],
    }  # fmt: skip


def instances(annotations: list[dict[str, Any]], image_ids: list[int]) -> dict[str, Any]:
    """The content of instances.json."""
    return {
        "images": [
            {"id": i, "file_name": f"COCO_train2014_{i:012d}.jpg", "width": WIDTH, "height": HEIGHT}
            for i in image_ids
        ],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "mug", "supercategory": "kitchen"}],
    }


def write_set(
    root: Path, dataset: str, refs_name: str, references: list[dict[str, Any]], content: dict[str, Any]
) -> Path:
    """Write both files of a set (refs as JSON or pickle, by the name) and one picture per `images` entry."""
    folder = root / dataset
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(references).encode() if refs_name.endswith(".json") else pickle.dumps(references, 2)
    (folder / refs_name).write_bytes(data)
    (folder / "instances.json").write_text(json.dumps(content))
    pictures = root / "images" / "train2014"
    pictures.mkdir(parents=True, exist_ok=True)
    for image in content["images"]:
        rng = np.random.default_rng(image["id"])
        pixels = rng.integers(0, 256, (image["height"], image["width"], 3), np.uint8)
        Image.fromarray(pixels).save(pictures / image["file_name"])
    return root


@pytest.fixture
def refer_files() -> SimpleNamespace:
    """The functions above, for tests that write a set of their own."""
    return SimpleNamespace(
        height=HEIGHT,
        width=WIDTH,
        annotation=annotation,
        reference=reference,
        instances=instances,
        write=write_set,
    )


@pytest.fixture
def grefcoco_root(tmp_path: Path) -> Path:
    """A gRefCOCO of three pictures: one target, two, none, one beside a crowd; and a training split."""
    objects = [
        annotation(11, 1, (10, 10, 20, 10)),
        annotation(12, 1, (40, 30, 10, 20), attributes={"colour": "red"}),
        annotation(13, 1, (0, 0, 80, 60), iscrowd=1),
        annotation(21, 2, (5, 5, 10, 10)),
    ]
    references = [
        reference(1, 1, [11], ["left mug", "the mug on the left"], kind="place"),
        reference(2, 1, [11, 12], ["both mugs"], kind="several"),
        reference(3, 1, [-1], ["the blue plate"], kind="absent"),
        reference(4, 1, [12, 13], ["all the zebras"]),
        reference(5, 2, [21], ["mug"], split="train"),
    ]
    return write_set(
        tmp_path / "root", "grefcoco", "grefs(unc).json", references, instances(objects, [1, 2, 3])
    )


@pytest.fixture(scope="session")
def miniref() -> Path:
    """The 50 real photographs in RefCOCO and gRefCOCO layout that lie beside the checkout."""
    root = Path(__file__).resolve().parents[3] / "shared" / "data" / "miniref"
    if not root.is_dir():
        pytest.skip("../shared/data/miniref is not beside this checkout")
    return root


@pytest.fixture(scope="session")
def reference_fixtures() -> Path:
    """Outputs recorded from the authors' code."""
    return Path(__file__).resolve().parents[1] / "data" / "reference"


@pytest.fixture
def plain_variant(tmp_path: Path) -> str:
    """The published form (no extension, no trunk, no batch norm) with very small sizes, as a JSON file."""
    raw = _with_small_parts("ssp_sam_tiny_plain", "plainer", [64, 64])
    raw["sam"]["iou_hidden"] = 16
    raw["sam"]["encoder"] |= {"width": 32, "depth": 2, "heads": 2, "global_attention": [1], "window": 2}
    path = tmp_path / "plainer.json"
    path.write_text(json.dumps(raw))
    return str(path)


@pytest.fixture
def mugs_root(tmp_path: Path) -> Path:
    """A RefCOCO of nine pictures, six to train on, three for validation; two mugs, three sentences each."""
    objects, references = [], []
    for i in range(1, 10):
        split = "train" if i <= 6 else "val"
        objects += [
            annotation(10 * i, i, (5 + 3 * i, 5, 20, 25)),
            annotation(10 * i + 1, i, (50, 5 + 2 * i, 20, 25)),
        ]
        references += [
            reference(10 * i, i, 10 * i, ["the left mug", "left"], split=split),
            reference(10 * i + 1, i, 10 * i + 1, ["right mug"], split=split),
        ]
    return write_set(
        tmp_path / "mugs", "refcoco", "refs(unc).p", references, instances(objects, list(range(1, 10)))
    )


@pytest.fixture
def root(tmp_path: Path, refer_files: SimpleNamespace) -> Path:
    """Six pictures in gRefCOCO's layout, each with a red and a blue rectangle."""
    annotations, references = [], []
    for i in range(1, 7):
        left, right = (5, 5 + 3 * i, 20, 25), (50, 5 + 2 * i, 20, 25)
        for k, (box, colour) in enumerate(((left, "red"), (right, "blue"))):
            annotations.append(refer_files.annotation(10 * i + k, i, box, attributes={"colour": colour}))
        split = "train" if i <= 4 else "val"
        for k, (ids, text, kind) in enumerate(
            (
                ([10 * i], "the red mug", "attribute"),
                ([10 * i + 1], "blue mug", "attribute"),
                ([-1], "the bowl", "absent"),
            )
        ):
            references.append(refer_files.reference(10 * i + k, i, ids, [text], split=split, kind=kind))
    content = refer_files.instances(annotations, list(range(1, 7)))
    path = refer_files.write(tmp_path / "set", "grefcoco", "grefs(unc).json", references, content)
    colours = {"red": (200, 30, 30), "blue": (30, 30, 200)}
    for info in content["images"]:
        image = np.full((refer_files.height, refer_files.width, 3), 120, np.uint8)
        for a in annotations:
            if a["image_id"] == info["id"]:
                x, y, w, h = a["bbox"]
                image[y : y + h, x : x + w] = colours[a["attributes"]["colour"]]
        cv2.imwrite(str(path / "images" / "train2014" / info["file_name"]), image[..., ::-1])
    return path


@pytest.fixture
def variant(tmp_path: Path) -> str:
    """The shipped form with small sizes."""
    raw = _with_small_parts("ssp_sam_tiny", "smaller", [48, 64])
    raw["sam"]["encoder"] |= {"channels": [16, 16, 32], "blocks": [0, 1, 1]}
    path = tmp_path / "smaller.json"
    path.write_text(json.dumps(raw))
    return str(path)


def _with_small_parts(variant: str, name: str, image_size: list[int]) -> dict[str, Any]:
    """A variant as plain data, every size but those of SAM's image encoder made small."""
    raw: dict[str, Any] = json.loads(load_variant(variant).to_json())
    raw |= {"name": name, "joint_dim": 32}
    raw["clip"] |= {"image_size": image_size, "width": 32, "layers": 2, "head_width": 16, "surgery_blocks": 1}
    raw["text"] |= {"width": 32, "heads": 2, "layers": 1, "context": 12}
    raw["prompt"] |= {
        "dim": 32, "tokens": 4, "attention_heads": 2, "heads": 2, "layers": 1, "feed_forward": 32,
    }  # fmt: skip
    raw["sam"] |= {"image_size": image_size, "dim": 32, "decoder_heads": 2, "decoder_feed_forward": 32}
    return raw
