"""What ``training/calibrate.py`` does once its command line is read."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from ssp_sam_ros.perception.calibration import METADATA, NoTargetCalibration
from ssp_sam_ros.weights.files import read_metadata
from ssp_sam_ros.weights.metadata import write_with_metadata

from ..metrics.calibration import Reliability, TradeOff, reliability, trade_off
from .fit import Fit, fit_platt, fit_samples, fit_temperature
from .samples import CalibrationSamples, read_samples

FITTERS = {"platt": fit_platt, "temperature": fit_temperature}


def run(args: argparse.Namespace) -> None:
    """Fit, print, and write where `--weights` or `--out` is given.

    Raises:
        ValueError, OSError: what is wrong with the evaluation, the weights or a wanted share.
    """
    samples = read_samples(args.evaluation)
    fit = fit_samples(samples, FITTERS[args.method], args.seed)
    report: dict[str, Any] = {
        "evaluation": str(args.evaluation),
        "dataset": samples.dataset,
        "method": args.method,
        "scale": fit.calibration.scale,
        "offset": fit.calibration.offset,
        "sentences": len(samples.logit),
        "failed": samples.failed,
        "before": fit.before.as_dict(),
        "after": fit.after.as_dict(),
        "held_out": fit.held_out.as_dict(),
    }
    _print_fit(samples, fit)
    curve = trade_off(samples.probability(fit.calibration), samples.absent)
    report["trade_off"] = curve_dict(curve)
    report["wanted"] = _wanted(args, samples, fit.calibration, curve)
    if args.check is not None:
        report["check"] = _check(args.check, samples, fit.calibration)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "calibration.json").write_text(json.dumps(report, indent=1, allow_nan=False) + "\n")
        print(f"written to {args.out / 'calibration.json'}")
    if args.weights is not None:
        _write_weights(args.weights, args.write_to or args.weights, samples, fit, args.method)


def curve_dict(curve: TradeOff, points: int = 400) -> dict[str, Any]:
    """The trade-off as plain data, thinned to at most so many points, its ends kept."""
    step = max(1, -(-len(curve.threshold) // points))
    kept = sorted({*range(0, len(curve.threshold), step), len(curve.threshold) - 1})
    return {
        "threshold": curve.threshold[kept].tolist(),
        "n_acc": curve.n_acc[kept].tolist(),
        "t_acc": curve.t_acc[kept].tolist(),
        "area": curve.area(),
    }


def _print_fit(samples: CalibrationSamples, fit: Fit) -> None:
    print(
        f"{samples.dataset}: {len(samples.logit)} sentences, {int(samples.absent.sum())} without a target"
        + (f"; {samples.failed} failed ones left out" if samples.failed else "")
    )
    print(f"scale {fit.calibration.scale:.4f}, offset {fit.calibration.offset:+.4f}\n")
    print("| p_nt | ECE | MCE | Brier | NLL |\n|---|---|---|---|---|")
    rows = {
        "plain sigmoid": fit.before,
        "calibrated": fit.after,
        "calibrated, held-out pictures": fit.held_out,
    }
    for name, one in rows.items():
        print(_row(name, one))
    print()


def _row(name: str, one: Reliability) -> str:
    return f"| {name} | {one.ece:.4f} | {one.mce:.4f} | {one.brier:.4f} | {one.nll:.4f} |"


def _wanted(
    args: argparse.Namespace, samples: CalibrationSamples, fitted: NoTargetCalibration, curve: TradeOff
) -> list[dict[str, Any]]:
    """Print the thresholds that wanted shares need, and what they cost against the one in use."""
    in_use = trade_off(samples.probability(samples.calibration), samples.absent)
    n_acc, t_acc = in_use.at(samples.threshold)
    print(f"threshold {samples.threshold:g} as evaluated: N-acc {n_acc:.1%}, T-acc {t_acc:.1%}")
    n_fit, t_fit = curve.at(0.5)
    print(f"threshold 0.5 once calibrated: N-acc {n_fit:.1%}, T-acc {t_fit:.1%}")
    wanted = []
    for name, share in (("N-acc", args.want_n_acc), ("T-acc", args.want_t_acc)):
        if share is None:
            continue
        threshold = curve.for_n_acc(share) if name == "N-acc" else curve.for_t_acc(share)
        if threshold is None or threshold > 1:
            raise ValueError(
                f"no threshold up to 1 gives {name} {share:.1%}: at 1 it is {curve.at(1.0)[1]:.1%}"
            )
        got_n, got_t = curve.at(threshold)
        cost = f"T-acc {got_t - t_acc:+.1%}" if name == "N-acc" else f"N-acc {got_n - n_acc:+.1%}"
        print(
            f"{name} {share:.1%} wants no_target_threshold {threshold:.6g} (calibrated; "
            f"{_plain_threshold(threshold, fitted):.6g} with the plain sigmoid): "
            f"N-acc {got_n:.1%}, T-acc {got_t:.1%}; against now {cost}"
        )
        wanted.append(
            {
                "name": name,
                "share": share,
                "threshold": threshold,
                "plain_threshold": _plain_threshold(threshold, fitted),
                "n_acc": got_n,
                "t_acc": got_t,
            }
        )
    return wanted


def _plain_threshold(threshold: float, fitted: NoTargetCalibration) -> float:
    """The threshold on the plain sigmoid's p_nt that decides the same."""
    if threshold in (0.0, 1.0):
        return threshold
    logit = (math.log1p(-threshold) - math.log(threshold) - fitted.offset) / fitted.scale
    return 1 / (1 + math.exp(min(logit, 700.0)))


def _check(folder: Path, fitted_to: CalibrationSamples, calibration: NoTargetCalibration) -> dict[str, Any]:
    """Reliability on another evaluation of the same weights."""
    other = read_samples(folder)
    if other.weights_digest != fitted_to.weights_digest:
        raise ValueError(f"{folder} is an evaluation of other weights ({other.weights}): check with the same")
    before = reliability(other.probability(NoTargetCalibration()), other.absent)
    after = reliability(other.probability(calibration), other.absent)
    print(f"\n| on {other.dataset} | ECE | MCE | Brier | NLL |\n|---|---|---|---|---|")
    print(_row("plain sigmoid", before))
    print(_row("calibrated", after))
    return {"dataset": other.dataset, "before": before.as_dict(), "after": after.as_dict()}


def _write_weights(source: Path, target: Path, samples: CalibrationSamples, fit: Fit, method: str) -> None:
    """Put the calibration into a weights file: the one that was evaluated, by its digest."""
    digest = read_metadata(source).get("digest")
    if digest != samples.weights_digest:
        raise ValueError(
            f"{source} holds other parameters (digest {digest}) than were evaluated "
            f"({samples.weights_digest}): evaluate this file first"
        )
    entry = {
        "scale": fit.calibration.scale,
        "offset": fit.calibration.offset,
        "method": method,
        "fitted_to": samples.dataset,
        "sentences": len(samples.logit),
        "ece_before": fit.before.ece,
        "ece_held_out": fit.held_out.ece,
    }
    write_with_metadata(source, target, {METADATA: json.dumps(entry)})
    print(f"calibration written into {target}")
