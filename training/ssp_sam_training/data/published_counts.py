"""Sizes of the published benchmarks, to notice an incomplete or a different copy.

Sources: the sets' papers and releases (RefCOCO and RefCOCO+: Yu et al. 2016; RefCOCOg: Nagaraja et al. 2016;
references and pictures of these three: the page of TensorFlow Datasets' ref_coco; ReferIt: Kazemzadeh et al.
2014; gRefCOCO: Liu et al. 2023; PhraseCut: Wu et al. 2020 and its toolkit's page).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from .sample import Dataset, sentence_words

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Counts:
    """Sizes of a split or a whole set; None where nothing is published."""

    references: int | None = None
    sentences: int | None = None
    multi_target_sentences: int | None = None
    no_target_sentences: int | None = None
    pictures: int | None = None


ALL = "all"  # the whole file, every split together

PUBLISHED: Mapping[tuple[str, str, str], Counts] = {
    ("refcoco", "unc", "train"): Counts(references=42_404, pictures=16_994),
    ("refcoco", "unc", "val"): Counts(references=3_811, sentences=10_834, pictures=1_500),
    ("refcoco", "unc", "testA"): Counts(references=1_975, sentences=5_657, pictures=750),
    ("refcoco", "unc", "testB"): Counts(references=1_810, sentences=5_095, pictures=750),
    ("refcoco", "google", "train"): Counts(references=40_000, pictures=19_213),
    ("refcoco", "google", "val"): Counts(references=5_000, pictures=4_559),
    ("refcoco", "google", "test"): Counts(references=5_000, pictures=4_527),
    ("refcoco+", "unc", "train"): Counts(references=42_278, pictures=16_992),
    ("refcoco+", "unc", "val"): Counts(references=3_805, sentences=10_758, pictures=1_500),
    ("refcoco+", "unc", "testA"): Counts(references=1_975, sentences=5_726, pictures=750),
    ("refcoco+", "unc", "testB"): Counts(references=1_798, sentences=4_889, pictures=750),
    ("refcocog", "umd", "train"): Counts(references=42_226, pictures=21_899),
    ("refcocog", "umd", "val"): Counts(references=2_573, sentences=4_896, pictures=1_300),
    ("refcocog", "umd", "test"): Counts(references=5_023, sentences=9_602, pictures=2_600),
    ("refcocog", "google", "train"): Counts(references=44_822, pictures=24_698),
    ("refcocog", "google", "val"): Counts(references=5_000, pictures=4_650),
    ("refclef", "berkeley", ALL): Counts(sentences=130_525),
    ("grefcoco", "unc", ALL): Counts(
        sentences=278_232, multi_target_sentences=80_022, no_target_sentences=32_202
    ),
    ("phrasecut", "", "train"): Counts(sentences=310_816, pictures=71_746),
    ("phrasecut", "", "val"): Counts(sentences=20_316, pictures=2_971),
    ("phrasecut", "", "miniv"): Counts(sentences=821, pictures=100),
    ("phrasecut", "", "test"): Counts(sentences=14_354, pictures=2_545),
    ("prepared:refcoco", "", "val"): Counts(sentences=10_834),
    ("prepared:refcoco", "", "testA"): Counts(sentences=5_657),
    ("prepared:refcoco", "", "testB"): Counts(sentences=5_095),
    ("prepared:refcoco+", "", "val"): Counts(sentences=10_758),
    ("prepared:refcoco+", "", "testA"): Counts(sentences=5_726),
    ("prepared:refcoco+", "", "testB"): Counts(sentences=4_889),
    ("prepared:refcocog_umd", "", "val"): Counts(sentences=4_896),
    ("prepared:refcocog_umd", "", "test"): Counts(sentences=9_602),
    ("prepared:phrase_cut", "", "test"): Counts(sentences=14_354),
}


class _Counted(Protocol):
    """A group of sentences that mean the same targets."""

    @property
    def sentences(self) -> tuple[object, ...]: ...

    @property
    def target_count(self) -> int: ...


def count_sentences(groups: Iterable[_Counted], pictures: int | None = None) -> Counts:
    """Sizes of what was read."""
    references = 0
    sentences = [0, 0, 0]  # with no target, one, several
    for group in groups:
        references += 1
        sentences[min(group.target_count, 2)] += len(group.sentences)
    return Counts(references, sum(sentences), sentences[2], sentences[0], pictures)


def count(dataset: Dataset) -> Counts:
    """Sizes of a split."""
    if hasattr(dataset.samples, "sentence_words"):  # millions, made on demand: nobody publishes more
        return Counts(len(dataset), len(sentence_words(dataset.samples)[0]), pictures=len(dataset.pictures()))
    return count_sentences(dataset, len(dataset.pictures()))


def difference_from_published(dataset: str, split_by: str, split: str, counted: Counts) -> str | None:
    """One line on how `counted` differs from the published counts; None if it does not, or none are known."""
    published = PUBLISHED.get((dataset, split_by, split))
    if published is None:
        return None
    differences = [
        f"{have:,} {name.replace('_', ' ')} instead of {want:,}"
        for name, want in vars(published).items()
        if want is not None and (have := getattr(counted, name)) is not None and have != want
    ]
    if not differences:
        return None
    where = f"{dataset} ({split_by})" if split_by else dataset
    where += "" if split == ALL else f" {split}"
    return f"{where} differs from the published set: {', '.join(differences)}"


def warn_of_other_counts(dataset: str, split_by: str, split: str, read: Dataset) -> None:
    """Log one warning line when a split's size is not the published one."""
    if (dataset, split_by, split) in PUBLISHED:
        line = difference_from_published(dataset, split_by, split, count(read))
        if line:
            log.warning("%s", line)
