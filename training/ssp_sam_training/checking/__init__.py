"""Looking over a folder of benchmarks before anything is trained: ``training/check_data.py``."""

from __future__ import annotations

from .leaks import Leak, find_leaks
from .pictures import PictureProblem, check_pictures
from .report import Report, SplitReport, check_set

__all__ = ["Leak", "PictureProblem", "Report", "SplitReport", "check_pictures", "check_set", "find_leaks"]
