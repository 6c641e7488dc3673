"""What every reader raises."""

from __future__ import annotations


class DatasetError(ValueError):
    """A dataset file does not hold what its format says; the text names the file and the entry."""
