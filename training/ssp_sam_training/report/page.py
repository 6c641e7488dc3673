"""The page: an evaluation's numbers beside the paper's, curves, and the gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ..data import Dataset
from ..evaluation.gallery import Gallery
from ..evaluation.records import SampleRecord
from . import markup
from .calibration_part import calibration_html
from .cells import gallery_html
from .paper import PaperFigure, figures_of
from .svg import Axes, Line, chart

_THRESHOLDS = tuple(f"{0.5 + 0.05 * step:.2f}" for step in range(10))
_PAPER_NOTE = (
    "The paper's figures follow protocol <code>paper</code>: 512 letterbox with its padding, truth dilated, "
    "N-acc over all samples with an IoU of 1. Only our column of that protocol compares with them, and only "
    "on the whole published split; here are {sentences:,} sentences about {pictures:,} pictures."
)


def report_page(
    results: Mapping[str, Any],
    records: Sequence[SampleRecord],
    gallery: Gallery | None,
    dataset: Dataset | None,
) -> str:
    """The whole report as HTML that needs no other file.

    Args:
        results: the content of results.json.
        records: the content of samples.jsonl.
        gallery: the content of gallery.json; None leaves the pictures out.
        dataset: the split, for its pictures; needed with a gallery.

    Raises:
        RecordError, DatasetError: the gallery and the set do not belong together, or a picture is damaged.
    """
    description = results["description"]
    title = f"{results['dataset']} {results['split']}: {description['model']}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _what(results),
        "<h2>Beside the paper</h2>",
        _beside_the_paper(results),
        "<h2>By kind of sentence and number of targets</h2>",
        _groups(results),
        "<h2>Precision</h2>",
        _precision(results),
        calibration_html(records, description.get("no_target_threshold", 0.5)),
        _latency(results),
    ]
    if gallery is not None and dataset is not None:
        note = (
            '<p class="note">Green contour: truth; magenta: prediction. Where the model was asked: visual '
            "attention (the gate of Eq. 4, as in Fig. 8; red is most) beside it, and each word's phrase "
            "attention (Eq. 7, as in Fig. 9) as its background.</p>"
        )
        parts += ["<h2>Gallery</h2>", note, gallery_html(gallery, dataset, records)]
    return markup.document(title, "".join(parts))


def _what(results: Mapping[str, Any]) -> str:
    everything, description = results["groups"][0], results["description"]
    facts = {
        "sentences": f"{everything['sentences']:,} about {everything['pictures']:,} pictures, "
        f"{everything['failed']:,} without an answer",
        "split by": results["split_by"],
        **{
            name.replace("_", " "): description[name]
            for name in ("weights", "weights_digest", "predictions", "domain", "device", "dtype", "processes")
            if description.get(name)
        },
        "time": f"{description['seconds']:.1f} s",
    }
    rows = [[escape(name), escape(str(value))] for name, value in facts.items()]
    body = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    return f'<table class="facts">{body}</table>'


def _beside_the_paper(results: Mapping[str, Any]) -> str:
    everything = results["groups"][0]
    figures = [figure for figure in _figures(results) if figure.table != "VII"]
    rows_named = list(dict.fromkeys(figure.row for figure in figures))
    metrics = ["giou", "ciou", "pr@0.50", "pr@0.70", "pr@0.80", "pr@0.90", "n_acc", "t_acc"]
    rows = []
    for metric in metrics:
        published = [_find(figures, row, metric) for row in rows_named]
        tables = sorted({figure.table for figure in published if figure is not None})
        rows.append(
            [
                _title(metric),
                markup.percent(_paper_value(everything, metric)),
                markup.percent(_gres_value(everything, metric), _interval(everything, metric)),
                *(f"{figure.value:.2f}" if figure else "-" for figure in published),
                ", ".join(tables) or "-",
            ]
        )
    if everything.get("phrasecut"):
        phrasecut = everything["phrasecut"]
        share = markup.percent(phrasecut["mean_iou"]), markup.percent(phrasecut["cumulative_iou"])
        note = (
            f'<p class="note">By PhraseCut\'s own rules: mean IoU {share[0]}, cumulative IoU {share[1]}.</p>'
        )
    else:
        note = ""
    header = ["%", "ours, <code>paper</code>", "ours, <code>gres</code>", *map(escape, rows_named), "table"]
    if not figures:
        note += '<p class="note">The paper has no figures for this set and split.</p>'
    paper_note = _PAPER_NOTE.format(sentences=everything["sentences"], pictures=everything["pictures"])
    return f'<p class="note">{paper_note}</p>{markup.table(header, rows)}{note}'


def _figures(results: Mapping[str, Any]) -> list[PaperFigure]:
    return figures_of(results["dataset"], results["split"], results["split_by"])


def _find(figures: Sequence[PaperFigure], row: str, metric: str) -> PaperFigure | None:
    return next((figure for figure in figures if (figure.row, figure.metric) == (row, metric)), None)


def _title(metric: str) -> str:
    names = {"giou": "gIoU", "ciou": "cIoU", "n_acc": "N-acc", "t_acc": "T-acc"}
    return names.get(metric, metric.capitalize())


def _paper_value(group: Mapping[str, Any], metric: str) -> float | None:
    paper = group["paper"]
    if paper is None:
        return None
    if metric.startswith("pr@"):
        return paper["precision"].get(metric[3:])
    return paper.get({"n_acc": "n_acc_paper"}.get(metric, metric))


def _gres_value(group: Mapping[str, Any], metric: str) -> float | None:
    gres = group["gres"]
    value = gres["precision"].get(metric[3:]) if metric.startswith("pr@") else gres.get(metric)
    return value


def _interval(group: Mapping[str, Any], metric: str) -> Sequence[float | None] | None:
    return group["gres"]["intervals"].get(metric)


def _groups(results: Mapping[str, Any]) -> str:
    shown = ("giou", "ciou", "pr@0.50", "pr@0.70", "pr@0.90", "n_acc", "t_acc")
    rows = []
    for group in results["groups"]:
        rows.append(
            [
                escape(group["name"]),
                f"{group['sentences']:,}",
                *(markup.percent(_gres_value(group, metric), _interval(group, metric)) for metric in shown),
                markup.percent(group["box_accuracy"]),
                markup.percent(_paper_value(group, "giou")),
                markup.percent(_paper_value(group, "ciou")),
            ]
        )
    header = ["sentences of", "number", *map(_title, shown), "box Acc@0.5"]
    header += ["gIoU, <code>paper</code>", "cIoU, <code>paper</code>"]
    gres = results["protocols"]["gres"]
    note = (
        f"Protocol <code>gres</code> where not said otherwise: {gres['space']}, mask {escape(gres['mask'])}, "
        f"no target {escape(gres['no_target'])}, Pr@X {escape(gres['precision'])}. "
        "95 % intervals over pictures."
    )
    return f'<p class="note">{note}</p>{markup.table(header, rows)}'


def _precision(results: Mapping[str, Any]) -> str:
    everything = results["groups"][0]
    lines = []
    for name, protocol in (("ours, gres", "gres"), ("ours, paper", "paper")):
        values = (everything[protocol] or {}).get("precision", {})
        points = [(float(x), values[x]) for x in _THRESHOLDS if values.get(x) is not None]
        if points:
            lines.append(Line(name, points, dashed=protocol == "paper"))
    for row in ("SSP-SAM-224", "SSP-SAM-336"):
        figures = [f for f in _figures(results) if f.row == row]
        points = [(float(f.metric[3:]), f.value / 100) for f in figures if f.metric.startswith("pr@")]
        if points:
            lines.append(Line(f"{row} (paper)", points, joined=False))
    axes = Axes("IoU threshold X", "Pr@X", (0.5, 1.0))
    caption = (
        "Share of sentences with at least that IoU: <code>gres</code> of those with a target, "
        "<code>paper</code> of all."
    )
    return markup.figure(chart(axes, lines), caption)


def _latency(results: Mapping[str, Any]) -> str:
    latency = results.get("latency")
    if not latency:
        return ""
    stages = latency["stages"]
    rows = [
        [
            f"{escape(results['description']['model'])}, {escape(latency['device'])}",
            *(f"{stages[name]:.2f}" for name in ("image_encoding", "prompt", "decode", "total")),
            f"{latency['deviation']:.2f}",
        ]
    ]
    figures = figures_of("refcoco", "testB", tables=("VII",))
    for row in dict.fromkeys(figure.row for figure in figures):
        total, deviation = _find(figures, row, "latency_ms"), _find(figures, row, "latency_std_ms")
        values = [f"{one.value:.2f}" if one else "-" for one in (total, deviation)]
        rows.append([f"{row}, A100 80 GB (Table VII)", "-", "-", "-", *values])
    note = (
        f"Batch 1: {latency['samples']} samples, {latency['runs']} runs, {latency['warm_up']} discarded "
        "before. From picture and sentence in memory to the mask at the picture's size, nothing cached. The "
        "paper does not say whether its figure holds SAM's image encoder."
    )
    header = ["ms", "picture", "prompt", "decode", "total", "std"]
    return f'<h2>Latency</h2><p class="note">{note}</p>{markup.table(header, rows)}'
