"""The one error of this folder."""

from __future__ import annotations


class WeightsError(ValueError):
    """Weights that cannot be used; the text is one line that says what is wrong and what to do."""
