"""SAM's image embeddings on disk: made once by ``training/precompute.py``, read by training."""

from __future__ import annotations

from .layout import StoreError, StoreInfo
from .store import DamagedRecordError, EmbeddingStore

__all__ = ["DamagedRecordError", "EmbeddingStore", "StoreError", "StoreInfo"]
