#!/usr/bin/env python3
"""How answers suffer from noise, blur, darkness, JPEG, and from pictures smaller or larger than in training.

    MUJOCO_GL=egl python benchmarks/robustness.py [--scenes 150] [--sentences 8] [--seed 0]

Scenes of the simulated bench that no split has, as its camera takes them (320 x 240, with that camera's own
mild faults); every row but the first makes them worse in one way. The rows of widths are of other scenes, all
of the same ones, rendered at the largest width and scaled down. Protocol gres, 95 % intervals over scenes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from report import arguments, table, write

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Scene = tuple[np.ndarray, list[tuple[str, np.ndarray]]]

_STREAM = 77  # seeds of the splits have a place below 5 here
_WIDTHS = (160, 240, 320, 480, 640, 960, 1280, 1920)


def main() -> int:
    """Measure and print; returns 0."""
    parser = arguments(__doc__, "robustness")
    parser.add_argument("--scenes", type=int, default=150)
    parser.add_argument("--sentences", type=int, default=8, help="of each scene (default 8)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))
    from ssp_sam_training.evaluation.segmenter import SegmenterPredictor

    predictor = SegmenterPredictor.load(args.variant, args.weights, args.device)
    rows = []
    usual = list(scenes(args, 320))
    for name, change in changes().items():
        rows.append(row(name, score(predictor, usual, change, args.seed)))
        print(f"{name}: gIoU {rows[-1]['giou']:.1f}", flush=True)
    large = list(scenes(args, max(_WIDTHS)))
    for width in _WIDTHS:
        rows.append(row(f"width {width}", score(predictor, scaled(large, width), _as_it_is, args.seed)))
        print(f"width {width}: gIoU {rows[-1]['giou']:.1f}", flush=True)
    print()
    print(
        table(
            ["pictures", "gIoU", "Pr@0.5", "Pr@0.7", "N-acc", "T-acc"],
            [
                [r["name"], "{giou:.1f} [{low:.1f}, {high:.1f}]".format(**r)]
                + [f"{r[key]:.1f}" for key in ("pr50", "pr70", "n_acc", "t_acc")]
                for r in rows
            ],
        )
    )
    settings = {name: getattr(args, name) for name in ("variant", "scenes", "sentences", "seed")}
    write(args.out, "robustness", {**settings, **predictor.description, "rows": rows})
    return 0


def changes() -> dict[str, Change]:
    """Name -> (H, W, 3) uint8 to the same."""
    out: dict[str, Change] = {"as rendered": _as_it_is}
    for sigma in (5, 10, 20, 40):
        out[f"noise, sigma {sigma} of 255"] = lambda image, rng, s=sigma: _bytes(
            image + rng.normal(0, s, image.shape)
        )
    for sigma in (1.0, 2.0, 3.0):
        out[f"blur, sigma {sigma:.0f} px"] = lambda image, _, s=sigma: cv2.GaussianBlur(image, (0, 0), s)
    for share in (0.5, 0.25, 0.12):
        out[f"dark, values x {share:g}"] = lambda image, _, s=share: _bytes(image * s)
    for quality in (50, 20, 10):
        out[f"JPEG, quality {quality}"] = lambda image, _, q=quality: _jpeg(image, q)
    return out


def scenes(args: Any, width: int) -> Iterator[Scene]:
    """Pictures, and of each some sentences with the true mask."""
    from ssp_sam_ros.sim.bench import Bench
    from ssp_sam_ros.sim.bench.grammar import expressions

    seed = (args.seed, _STREAM, width)
    words = np.random.default_rng((*seed, 1))
    bench = Bench(seed, width, width * 3 // 4)
    try:
        for _ in range(args.scenes):
            scene = bench.scene()
            asked = expressions(scene.objects, scene.size, words, args.sentences)
            truths = [np.isin(scene.labels, [i + 1 for i in e.targets]) for e in asked]
            yield scene.image, [(e.text, truth) for e, truth in zip(asked, truths, strict=True)]
    finally:
        bench.close()


def scaled(scenes: Iterable[Scene], width: int) -> Iterator[Scene]:
    """The same, scaled down to this width."""
    for image, asked in scenes:
        size = (width, round(image.shape[0] * width / image.shape[1]))
        smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        yield smaller, [(text, _smaller(truth, size)) for text, truth in asked]


def _smaller(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels that are at least half covered."""
    cover = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cover >= 0.5)


def score(predictor: Any, scenes: Iterable[Scene], change: Change, seed: int) -> Any:
    """Protocol gres over everything that is asked."""
    from ssp_sam_training.metrics import GresAccumulator, score_failure, score_gres

    total, rng = GresAccumulator(), np.random.default_rng(seed)
    for number, (image, asked) in enumerate(scenes):
        answers = predictor.predict(change(image, rng), [text for text, _ in asked], letterbox=False)
        for place, ((_, truth), answer) in enumerate(zip(asked, answers, strict=True)):
            scored = (
                score_failure(truth)
                if answer.mask is None
                else score_gres(answer.mask, truth, answer.outcome == "NO_TARGET")
            )
            total.add(scored, number, (number, place))
    return total.summary(intervals=True)


def row(name: str, summary: Any) -> dict[str, Any]:
    """A row of the table, in percent."""
    low, high = summary.intervals["giou"]
    return {
        "name": name, "giou": 100 * summary.giou, "low": 100 * low, "high": 100 * high,
        "pr50": 100 * summary.precision[0.5], "pr70": 100 * summary.precision[0.7],
        "n_acc": 100 * summary.n_acc, "t_acc": 100 * summary.t_acc, "sentences": summary.samples,
    }  # fmt: skip


def _as_it_is(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return image


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if decoded is None:
        raise RuntimeError("OpenCV cannot read what it wrote")
    return np.ascontiguousarray(decoded[..., ::-1])


if __name__ == "__main__":
    sys.exit(main())
