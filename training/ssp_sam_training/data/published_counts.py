"""Sizes of the published benchmarks, to notice an incomplete or a different copy.

Sources: the sets' papers and releases (RefCOCO and RefCOCO+: Yu et al. 2016; RefCOCOg: Nagaraja et al. 2016;
ReferIt: Kazemzadeh et al. 2014; gRefCOCO: Liu et al. 2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    """Sizes of a split or a whole set; None where nothing is published."""

    references: int | None = None
    sentences: int | None = None
    multi_target_sentences: int | None = None
    no_target_sentences: int | None = None


ALL = "all"  # the whole file, every split together

PUBLISHED: Mapping[tuple[str, str, str], Counts] = {
    ("refcoco", "unc", "train"): Counts(references=42_404),
    ("refcoco", "unc", "val"): Counts(references=3_811, sentences=10_834),
    ("refcoco", "unc", "testA"): Counts(references=1_975, sentences=5_657),
    ("refcoco", "unc", "testB"): Counts(references=1_810, sentences=5_095),
    ("refcoco+", "unc", "val"): Counts(sentences=10_758),
    ("refcoco+", "unc", "testA"): Counts(sentences=5_726),
    ("refcoco+", "unc", "testB"): Counts(sentences=4_889),
    ("refcocog", "umd", "val"): Counts(sentences=4_896),
    ("refcocog", "umd", "test"): Counts(sentences=9_602),
    ("refclef", "berkeley", ALL): Counts(sentences=130_525),
    ("grefcoco", "unc", ALL): Counts(
        sentences=278_232, multi_target_sentences=80_022, no_target_sentences=32_202
    ),
}


def difference_from_published(dataset: str, split_by: str, split: str, counted: Counts) -> str | None:
    """One line on how `counted` differs from the published counts; None if it does not, or none are known."""
    published = PUBLISHED.get((dataset, split_by, split))
    if published is None:
        return None
    differences = [
        f"{have:,} {name.replace('_', ' ')} instead of {want:,}"
        for name, want in vars(published).items()
        if want is not None and (have := getattr(counted, name)) != want
    ]
    if not differences:
        return None
    where = f"{dataset} ({split_by})" + ("" if split == ALL else f" {split}")
    return f"{where} differs from the published set: {', '.join(differences)}"
