"""From scene records to the files of RefCOCO and gRefCOCO."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ssp_sam_ros.sim.words import NOUNS

Record = dict[str, Any]
SENTENCES_PER_IMAGE = 200


def instances(
    records: Iterable[Record], nouns: Sequence[str] = NOUNS, world: str = "tabletop"
) -> dict[str, Any]:
    """The COCO `instances.json`: images, annotations, categories (`nouns` in their order, from 1 on)."""
    kept = list(records)
    return {
        "info": {"description": f"simulated {world}, ssp_sam_ros"},
        "images": [record["image"] for record in kept],
        "annotations": [item for record in kept for item in record["annotations"]],
        "categories": [{"id": k + 1, "name": noun, "supercategory": world} for k, noun in enumerate(nouns)],
    }


def generalised_references(records: Iterable[tuple[str, Record]]) -> list[dict[str, Any]]:
    """gRefCOCO's list: one reference a set of targets; every no-target sentence is a reference of its own."""
    references: list[dict[str, Any]] = []
    for split, record in records:
        category = {item["id"]: item["category_id"] for item in record["annotations"]}
        for targets, sentences in _groups(record):
            references.append(
                {
                    "ref_id": len(references),
                    "ann_id": list(targets) or [-1],
                    "category_id": [category[k] for k in targets] or [-1],
                    "image_id": record["image"]["id"],
                    "file_name": record["image"]["file_name"],
                    "split": split,
                    "sentences": sentences,
                    "no_target": not targets,
                    "sent_ids": [sentence["sent_id"] for sentence in sentences],
                }
            )
    return references


def single_references(references: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """RefCOCO's list: the references with exactly one target, `ann_id` and `category_id` as plain numbers."""
    kept: list[dict[str, Any]] = []
    for reference in references:
        if len(reference["ann_id"]) == 1 and not reference["no_target"]:
            single = {key: value for key, value in reference.items() if key != "no_target"}
            single.update(
                ref_id=len(kept), ann_id=reference["ann_id"][0], category_id=reference["category_id"][0]
            )
            kept.append(single)
    return kept


def _groups(record: Record) -> Iterator[tuple[tuple[int, ...], list[dict[str, Any]]]]:
    """(targets, sentences) of one scene, in order of first appearance.

    An expression is (text, kind, targets), and may have a dictionary of more about the sentence.
    """
    groups: dict[tuple[int, ...], list[dict[str, Any]]] = {}
    absent = []
    for k, (text, kind, targets, *more) in enumerate(record["expressions"]):
        sentence = {
            "raw": text,
            "sent": text,
            "sent_id": record["image"]["id"] * SENTENCES_PER_IMAGE + k,
            "tokens": text.split(),
            "kind": kind,
            **(more[0] if more else {}),
        }
        if targets:
            groups.setdefault(tuple(targets), []).append(sentence)
        else:
            absent.append(sentence)
    yield from groups.items()
    for sentence in absent:
        yield (), [sentence]


def write_layout(
    root: Path, records: list[tuple[str, Record]], nouns: Sequence[str] = NOUNS, world: str = "tabletop"
) -> dict[str, dict[str, Any]]:
    """Write `grefcoco/` and `refcoco/` under root; returns counts by split for the manifest."""
    text = json.dumps(instances((record for _, record in records), nouns, world), separators=(",", ":"))
    references = generalised_references(records)
    for name in ("grefcoco", "refcoco"):
        (root / name).mkdir(parents=True)
        (root / name / "instances.json").write_text(text, encoding="utf-8")
    (root / "grefcoco" / "grefs(unc).json").write_text(
        json.dumps(references, separators=(",", ":")), encoding="utf-8"
    )
    with open(root / "refcoco" / "refs(unc).p", "wb") as file:
        pickle.dump(single_references(references), file, protocol=2)
    return _counts(records, references)


def _counts(records: list[tuple[str, Record]], references: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    counts: dict[str, dict[str, Any]] = {}
    for split in dict.fromkeys(split for split, _ in records):
        own = [record for s, record in records if s == split]
        kinds = Counter(kind for record in own for _, kind, *_ in record["expressions"])
        counts[split] = {
            "images": len(own),
            "objects": sum(len(record["annotations"]) for record in own),
            "references": sum(reference["split"] == split for reference in references),
            "sentences": sum(kinds.values()),
            "kinds": dict(sorted(kinds.items())),
        }
    return counts
