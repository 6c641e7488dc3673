"""Readers of the referring-expression benchmarks in their published file layouts."""

from __future__ import annotations

from .errors import DatasetError
from .masks import decode_segmentation
from .picture import Picture, content_key
from .plain_pickle import UnsafePickleError, load_plain_pickle
from .refer import load_refer, refer_names
from .refer_set import Annotation, ImageInfo, ReferDataset, Reference
from .registry import dataset_names, load_dataset, published_splits, split_files, split_makers, split_names
from .sample import Dataset, Sample, Sentence, Target

__all__ = [
    "Annotation",
    "Dataset",
    "DatasetError",
    "ImageInfo",
    "Picture",
    "ReferDataset",
    "Reference",
    "Sample",
    "Sentence",
    "Target",
    "UnsafePickleError",
    "content_key",
    "dataset_names",
    "decode_segmentation",
    "load_dataset",
    "load_plain_pickle",
    "load_refer",
    "published_splits",
    "refer_names",
    "split_files",
    "split_makers",
    "split_names",
]
