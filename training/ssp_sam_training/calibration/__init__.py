"""Fits the no-target probability to a validation split, and writes the fit into a weights file."""

from __future__ import annotations

from .fit import Fit, fit_platt, fit_temperature
from .samples import CalibrationSamples, read_samples

__all__ = ["CalibrationSamples", "Fit", "fit_platt", "fit_temperature", "read_samples"]
