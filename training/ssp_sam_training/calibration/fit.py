"""Fitting scale and offset of p_nt = 1 - sigmoid(scale * l_k + offset) by maximum likelihood.

With both it is Platt's method, with the scale alone temperature scaling (Guo et al., ICML 2017), which keeps
p_nt = 0.5 where it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.perception.calibration import NoTargetCalibration

from ..metrics.calibration import Reliability, reliability
from .samples import CalibrationSamples, no_target_probability

FOLDS = 5
_STEPS, _ENOUGH = 100, 1e-10
_SMALLEST_SCALE = 1e-3
_RIDGE = 1e-9

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Fitter = Callable[[Floats, Flags], NoTargetCalibration]


@dataclass(frozen=True)
class Fit:
    """A calibration and what it brings.

    Attributes:
        calibration: fitted to all samples.
        before: reliability with the plain sigmoid.
        after: with the fit, on the samples it was fitted to.
        held_out: on samples that did not take part: each fifth of the pictures by a fit to the others.
    """

    calibration: NoTargetCalibration
    before: Reliability
    after: Reliability
    held_out: Reliability


def fit_samples(samples: CalibrationSamples, fitter: Fitter, seed: int = 0) -> Fit:
    """Fit, and measure before, after and by cross-validation over pictures.

    Raises:
        ValueError: all sentences have a target, or none has; too few pictures.
    """
    calibration = fitter(samples.logit, samples.absent)
    held_out = np.empty_like(samples.logit)
    for fold in _folds(samples.picture, seed):
        inside = fitter(samples.logit[~fold], samples.absent[~fold])
        held_out[fold] = no_target_probability(inside.scale * samples.logit[fold] + inside.offset)
    return Fit(
        calibration,
        before=reliability(samples.probability(NoTargetCalibration()), samples.absent),
        after=reliability(samples.probability(calibration), samples.absent),
        held_out=reliability(held_out, samples.absent),
    )


def fit_platt(logit: Floats, absent: Flags) -> NoTargetCalibration:
    """Scale and offset.

    Args:
        logit: (n,) l_k.
        absent: (n,) whether there is no target.

    Raises:
        ValueError: only one kind of sentence.
    """
    return _newton(logit, absent, with_offset=True)


def fit_temperature(logit: Floats, absent: Flags) -> NoTargetCalibration:
    """The scale alone; arguments and errors as `fit_platt`."""
    return _newton(logit, absent, with_offset=False)


def _newton(logit: Floats, absent: Flags, with_offset: bool) -> NoTargetCalibration:
    """Newton's method with halved steps on Platt's smoothed targets, which keep separable data finite."""
    count_absent, count_present = int(absent.sum()), int((~absent).sum())
    if not count_absent or not count_present:
        raise ValueError(
            f"{count_absent} sentences without a target and {count_present} with one: calibration needs "
            "both kinds, so a generalised set such as gRefCOCO"
        )
    # Presence is what the logit speaks for.
    target = np.where(absent, 1 / (count_absent + 2), (count_present + 1) / (count_present + 2))
    columns = np.stack([logit, np.ones_like(logit)], axis=1)[:, : 2 if with_offset else 1]
    theta = np.zeros(columns.shape[1])
    theta[0] = 1.0

    def loss(at: Floats) -> float:
        z = columns @ at
        return float(np.mean(np.logaddexp(0, z) - target * z))

    for _ in range(_STEPS):
        present = 1 - no_target_probability(columns @ theta)
        gradient = columns.T @ (present - target) / len(logit)
        curvature = (columns * (present * (1 - present))[:, None]).T @ columns / len(logit)
        step = np.linalg.solve(curvature + _RIDGE * np.eye(len(theta)), gradient)
        size, here = 1.0, loss(theta)
        while size > _ENOUGH and loss(theta - size * step) > here:
            size /= 2
        theta = theta - size * step
        if float(np.abs(size * step).max()) < _ENOUGH:
            break
    scale = max(float(theta[0]), _SMALLEST_SCALE)
    return NoTargetCalibration(scale, float(theta[1]) if with_offset else 0.0)


def _folds(picture: NDArray[np.int64], seed: int) -> list[Flags]:
    """Which samples are in each fifth of the pictures."""
    numbers = np.unique(picture)
    if len(numbers) < FOLDS:
        raise ValueError(f"{len(numbers)} pictures: cross-validation wants {FOLDS} at least")
    fold_of = dict(
        zip(
            np.random.default_rng(seed).permutation(numbers).tolist(),
            np.arange(len(numbers)) % FOLDS,
            strict=True,
        )
    )
    folds = np.array([fold_of[one] for one in picture.tolist()])
    return [folds == fold for fold in range(FOLDS)]
