"""Readers of the referring-expression benchmarks in their published file layouts."""

from __future__ import annotations

from .masks import decode_segmentation
from .plain_pickle import UnsafePickleError, load_plain_pickle
from .refer import (
    Annotation,
    DatasetError,
    ImageInfo,
    ReferDataset,
    Reference,
    Sentence,
    dataset_names,
    load_refer,
)

__all__ = [
    "Annotation",
    "DatasetError",
    "ImageInfo",
    "ReferDataset",
    "Reference",
    "Sentence",
    "UnsafePickleError",
    "dataset_names",
    "decode_segmentation",
    "load_plain_pickle",
    "load_refer",
]
