"""The HTML report of an evaluation: one file that needs no network."""

from __future__ import annotations

from .page import report_page
from .paper import PaperFigure, paper_figures

__all__ = ["PaperFigure", "paper_figures", "report_page"]
