"""What training raises."""

from __future__ import annotations


class TrainingError(RuntimeError):
    """Training cannot go on; the text says why and what to do."""
