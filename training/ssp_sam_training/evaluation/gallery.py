"""Which sentences a report shows, and what the attention adapter looked at for them: ``gallery.json``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Dataset
from .attention import Attention
from .contact_sheet import choose_failures
from .records import Number, RecordError, SampleRecord

Key = tuple[Number, int]

SECTIONS = ("best", "worst", "random")


@dataclass(frozen=True)
class Gallery:
    """Sentences by section, each as (ref_id, sent_id), and the attention of those that have any."""

    sections: dict[str, list[Key]]
    attention: dict[Key, Attention] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        plain = {
            "sections": self.sections,
            "attention": [
                {"ref_id": ref_id, "sent_id": sent_id} | one.as_dict()
                for (ref_id, sent_id), one in self.attention.items()
            ],
        }
        path.write_text(json.dumps(plain) + "\n")

    @staticmethod
    def read(path: Path) -> Gallery:
        """Read it.

        Raises:
            FileNotFoundError: there is none.
            RecordError: it is not what `write` writes.
        """
        try:
            plain = json.loads(path.read_text())
            sections = {name: [_key(pair) for pair in plain["sections"][name]] for name in SECTIONS}
            attention = {
                (one["ref_id"], one["sent_id"]): Attention.from_plain(one) for one in plain["attention"]
            }
        except (ValueError, LookupError, TypeError) as error:
            raise RecordError(
                f"{path} is no gallery ({type(error).__name__} {error}): run evaluate.py again"
            ) from error
        return Gallery(sections, attention)


def choose_gallery(records: Sequence[SampleRecord], count: int, seed: int = 0) -> dict[str, list[Key]]:
    """The best, the worst and random sentences, `count` of each.

    Best: the highest IoU among those with a target, taking turns among pictures. Worst:
    `choose_failures`, which takes turns among kinds of sentence. Random: of all, so it shows what is usual.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(records))
    targeted = [records[i] for i in order if records[i].targets and records[i].gres.iou > 0]
    turns: Counter[Number] = Counter()
    ranked = []
    for record in sorted(targeted, key=lambda record: -record.gres.iou):
        ranked.append((turns[record.image_id], -record.gres.iou, record))
        turns[record.image_id] += 1
    best = [record for *_, record in sorted(ranked, key=lambda entry: entry[:2])]
    chosen = {
        "best": best[:count],
        "worst": choose_failures(records, count, seed),
        "random": [records[i] for i in rng.permutation(len(records))[:count]],
    }
    return {name: [record.key for record in members] for name, members in chosen.items()}


def with_attention(
    sections: Mapping[str, Sequence[Key]],
    dataset: Dataset,
    ask: Callable[[Any, str], Attention | None],
) -> Gallery:
    """The gallery with the attention of every sentence in it.

    Args:
        sections: from `choose_gallery`.
        dataset: the split they are from.
        ask: picture (H, W, 3) and sentence -> attention.
    """
    wanted = {key for members in sections.values() for key in members}
    attention: dict[Key, Attention] = {}
    for sample in dataset:
        asked = [s for s in sample.sentences if (sample.ref_id, s.sent_id) in wanted]
        if not asked:
            continue
        image = sample.image()
        for sentence in asked:
            found = ask(image, sentence.text)
            if found is not None:
                attention[sample.ref_id, sentence.sent_id] = found
    return Gallery({name: list(members) for name, members in sections.items()}, attention)


def _key(pair: Any) -> Key:
    ref_id, sent_id = pair
    return ref_id, sent_id
