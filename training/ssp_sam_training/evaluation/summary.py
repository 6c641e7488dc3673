"""From records to tables: all sentences, by kind of sentence, by number of targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..metrics import (
    BoxAccumulator,
    GresAccumulator,
    GresSummary,
    PaperAccumulator,
    PaperSummary,
    PhraseCutAccumulator,
    PhraseCutSummary,
)
from .records import SampleRecord, null_for_nan

ALL, REST = "all", "the rest"


@dataclass(frozen=True)
class GroupSummary:
    """One row of the tables.

    Attributes:
        name: "all", a kind of sentence, or a number of targets.
        sentences, pictures, failed: numbers of records, of their pictures, and of those without an answer.
        gres: protocol `gres` with 95 % intervals over pictures.
        paper: protocol `paper`; None where it was not computed.
        phrasecut: PhraseCut's own rules; None for other sets.
        box_accuracy: Acc@0.5 of the box head, 0..1; NaN without boxes.
    """

    name: str
    sentences: int
    pictures: int
    failed: int
    gres: GresSummary
    paper: PaperSummary | None
    phrasecut: PhraseCutSummary | None
    box_accuracy: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: NaN is None, thresholds are text ("0.50")."""
        plain = asdict(self)
        for protocol in ("gres", "paper", "phrasecut"):
            if plain[protocol] is not None:
                precision = plain[protocol]["precision"]
                plain[protocol]["precision"] = {
                    f"{threshold:.2f}": value for threshold, value in precision.items()
                }
        result: dict[str, Any] = null_for_nan(plain)
        return result


def summarise(records: Sequence[SampleRecord]) -> list[GroupSummary]:
    """All records; then by kind of sentence, where the set names kinds; then by number of targets."""
    kinds = sorted({record.kind for record in records if record.kind is not None})
    groups = [
        summarise_group(ALL, records),
        *(summarise_group(kind, [r for r in records if r.kind == kind]) for kind in kinds),
    ]
    for name, belongs in TARGET_GROUPS.items():
        members = [record for record in records if belongs(record.targets)]
        if members:
            groups.append(summarise_group(name, members))
    return groups


TARGET_GROUPS: dict[str, Callable[[int], bool]] = {
    "no target": lambda targets: targets == 0,
    "one target": lambda targets: targets == 1,
    "several targets": lambda targets: targets > 1,
}


def summarise_words(
    records: Sequence[SampleRecord], groups: Mapping[str, re.Pattern[str]]
) -> list[GroupSummary]:
    """By words: a sentence belongs to the first group whose pattern is found in it, or to `REST`.

    Groups without a sentence are left out.
    """
    members: dict[str, list[SampleRecord]] = {name: [] for name in (*groups, REST)}
    for record in records:
        found = (name for name, pattern in groups.items() if pattern.search(record.sentence))
        members[next(found, REST)].append(record)
    return [summarise_group(name, chosen) for name, chosen in members.items() if chosen]


def summarise_group(name: str, records: Iterable[SampleRecord]) -> GroupSummary:
    """One row of the tables."""
    gres, paper, phrasecut = GresAccumulator(), PaperAccumulator(), PhraseCutAccumulator()
    boxes, pictures, failed = BoxAccumulator(), set(), 0
    for record in records:
        key = record.key
        pictures.add(record.image_id)
        failed += record.mask is None
        gres.add(record.gres, record.image_id, key)
        if record.box_hit is not None:
            boxes.add(record.box_hit, key)
        if record.paper is not None:
            paper.add(record.paper, record.image_id, key)
        if record.phrasecut is not None:
            phrasecut.add(record.phrasecut, record.image_id, key)
    return GroupSummary(
        name=name,
        sentences=len(gres),
        pictures=len(pictures),
        failed=failed,
        gres=gres.summary(intervals=True),
        paper=paper.summary() if len(paper) else None,
        phrasecut=phrasecut.summary() if len(phrasecut) else None,
        box_accuracy=boxes.summary(),
    )
