"""The fit finds what made the data, and the numbers it reports are those of pictures it did not see."""

from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.perception.calibration import NoTargetCalibration
from ssp_sam_training.calibration import CalibrationSamples, fit_platt, fit_temperature
from ssp_sam_training.calibration.fit import fit_samples
from ssp_sam_training.calibration.samples import no_target_probability


def samples(scale: float, offset: float, count: int = 20_000) -> CalibrationSamples:
    """Logits of a model whose true presence probability is sigmoid(scale * logit + offset)."""
    rng = np.random.default_rng(0)
    logit = rng.normal(1, 4, count)
    absent = rng.random(count) < no_target_probability(scale * logit + offset)
    picture = np.arange(count) // 4
    return CalibrationSamples(logit, absent, picture, 0, "w", "d", "set val", NoTargetCalibration(), 0.5)


def test_platt_finds_scale_and_offset() -> None:
    one = samples(0.4, -0.7)
    found = fit_platt(one.logit, one.absent)
    assert (found.scale, found.offset) == (pytest.approx(0.4, abs=0.02), pytest.approx(-0.7, abs=0.06))


def test_temperature_keeps_one_half_where_it_is() -> None:
    one = samples(2.5, 0.0)
    found = fit_temperature(one.logit, one.absent)
    assert (found.scale, found.offset) == (pytest.approx(2.5, abs=0.15), 0.0)


def test_a_fit_mends_the_reliability_of_new_pictures() -> None:
    one = samples(0.3, 0.5)
    fit = fit_samples(one, fit_platt)
    assert fit.before.ece > 0.05
    assert fit.after.ece < 0.02 and fit.held_out.ece < 0.02
    assert fit.held_out.nll >= fit.after.nll  # what took part in the fit looks better
    assert fit.held_out.nll < fit.before.nll


def test_separable_sentences_give_finite_numbers() -> None:
    logit = np.concatenate([np.full(30, -8.0), np.full(30, 8.0)])
    absent = logit < 0
    for fitter in (fit_platt, fit_temperature):
        found = fitter(logit, absent)
        assert 0 < found.scale < 10
        assert (no_target_probability(found.scale * logit + found.offset) > 0.5).tolist() == absent.tolist()


def test_an_inverted_model_keeps_its_order() -> None:
    logit = np.linspace(-3, 3, 50)
    assert fit_platt(logit, logit > 0).scale > 0


def test_what_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="0 sentences without a target and 3 with one: calibration needs"):
        fit_platt(np.zeros(3), np.zeros(3, bool))
    one = samples(1, 0, 40)
    few = CalibrationSamples(one.logit, one.absent, np.zeros(40, int), 0, "w", "d", "s", one.calibration, 0.5)
    with pytest.raises(ValueError, match="1 pictures: cross-validation wants 5"):
        fit_samples(few, fit_platt)
