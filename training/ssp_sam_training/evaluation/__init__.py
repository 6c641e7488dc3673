"""Runs a model over a split and reports: records, summaries, tables, contact sheets."""

from __future__ import annotations

from .contact_sheet import choose_failures, choose_successes, contact_sheet
from .evaluator import evaluate
from .predictor import Prediction, Predictor
from .records import SampleRecord
from .summary import GroupSummary, summarise
from .tables import gres_table, paper_table

__all__ = [
    "GroupSummary",
    "Prediction",
    "Predictor",
    "SampleRecord",
    "choose_failures",
    "choose_successes",
    "contact_sheet",
    "evaluate",
    "gres_table",
    "paper_table",
    "summarise",
]
