"""Runs a model over a split, or reads its answers, and scores: records, summaries, tables, contact sheets."""

from __future__ import annotations

from .contact_sheet import choose_failures, choose_successes, contact_sheet
from .evaluator import evaluate
from .parallel import Processes, gathered, gathered_records, processes
from .prediction_file import PredictionFile
from .predictor import Prediction, Predictor
from .records import RecordError, SampleRecord, read_records
from .summary import GroupSummary, summarise, summarise_words
from .tables import gres_table, paper_table, phrasecut_table

__all__ = [
    "GroupSummary",
    "Prediction",
    "PredictionFile",
    "Predictor",
    "Processes",
    "RecordError",
    "SampleRecord",
    "choose_failures",
    "choose_successes",
    "contact_sheet",
    "evaluate",
    "gathered",
    "gathered_records",
    "gres_table",
    "paper_table",
    "phrasecut_table",
    "processes",
    "read_records",
    "summarise",
    "summarise_words",
]
