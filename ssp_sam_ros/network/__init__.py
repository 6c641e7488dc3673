"""The SSP-SAM network: pure torch, no files but the variants beside it."""

from __future__ import annotations

from . import compat  # noqa: F401  (first: it prepares the import of torchvision)
from .features import ImageFeatures, Prompts, TextFeatures
from .ssp_sam import SSPSAM
from .tokenizer import Encoding, Tokenizer, build_tokenizer
from .tokenizer_file import TokenizerFileError
from .variant import Variant, VariantError, load_variant, variant_names

__all__ = [
    "SSPSAM",
    "Encoding",
    "ImageFeatures",
    "Prompts",
    "TextFeatures",
    "Tokenizer",
    "TokenizerFileError",
    "Variant",
    "VariantError",
    "build_tokenizer",
    "load_variant",
    "variant_names",
]
