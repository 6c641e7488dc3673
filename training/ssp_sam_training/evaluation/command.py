"""What ``training/evaluate.py`` does once its command line is read."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..data import Dataset, load_dataset
from .attention import attention_of
from .evaluator import evaluate
from .gallery import choose_gallery, with_attention
from .latency import Latency, measure_latency
from .parallel import Processes, gathered_records, processes
from .prediction_file import PredictionFile
from .records import Number, SampleRecord
from .segmenter import SegmenterPredictor
from .summary import GroupSummary, summarise
from .tables import gres_table, paper_table, phrasecut_table
from .writing import write_contact_sheets, write_results

_PROGRESS_EVERY_S = 2.0


def run(args: argparse.Namespace) -> None:
    """Evaluate, print the tables, and write what `--out` asks for; with torchrun, process 0 does the latter.

    Raises:
        ValueError, OSError: what is wrong with the data, the weights, the predictions or the folder.
    """
    with processes() as here:
        dataset = load_dataset(
            args.dataset,
            args.root,
            args.split,
            args.split_by,
            image_folder=args.images,
            check_counts=here.first,
        )
        image_ids = [picture.id for picture in dataset.pictures()][: args.limit]
        predictor = None
        if args.from_predictions is None:
            predictor = SegmenterPredictor.load(
                args.variant, args.weights, here.device(args.device), args.dtype
            )
        begun = time.perf_counter()
        scored = _scored(args, dataset, predictor, here.share(image_ids))
        records = gathered_records(_with_progress(scored, here, len(here.share(image_ids))), image_ids)
        seconds = time.perf_counter() - begun
        if here.first:
            description = _description(args, predictor) | {"seconds": seconds, "processes": here.world_size}
            _report(args, dataset, predictor, records, description, len(image_ids))


def _scored(
    args: argparse.Namespace,
    dataset: Dataset,
    predictor: SegmenterPredictor | None,
    image_ids: Sequence[Number],
) -> Iterator[SampleRecord]:
    paper = args.protocol != "gres"
    if predictor is None:
        file = PredictionFile(args.from_predictions, dataset, args.missing == "empty")
        return file.score(image_ids, paper)
    return evaluate(predictor, dataset, image_ids=image_ids, paper=paper)


def _description(args: argparse.Namespace, predictor: SegmenterPredictor | None) -> dict[str, Any]:
    if predictor is None:
        return {"model": args.from_predictions.name, "predictions": str(args.from_predictions)}
    return predictor.description


def _report(
    args: argparse.Namespace,
    dataset: Dataset,
    predictor: SegmenterPredictor | None,
    records: Sequence[SampleRecord],
    description: dict[str, Any],
    pictures: int,
) -> None:
    groups = summarise(records)
    title = f"{args.dataset} {args.split}, {pictures} pictures: {description['model']}"
    report = f"## {title}\n\n" + "\n\n".join(_tables(groups, args.protocol)) + "\n"
    print(report)
    latency = _latency(args, dataset, predictor)
    if latency is not None:
        total, deviation = latency.stages["total"], latency.deviation
        print(f"One sample on {latency.device}: {total:.1f} ms +- {deviation:.1f} ms\n")
    if args.out is None:
        return
    write_results(args.out, args.dataset, dataset, records, groups, report, description, latency)
    write_contact_sheets(args.out, dataset, records, args.cells, args.seed)
    sections = choose_gallery(records, args.gallery, args.seed)
    gallery = with_attention(sections, dataset, _asker(predictor))
    gallery.write(args.out / "gallery.json")
    print(f"written to {args.out}")


def _tables(groups: Sequence[GroupSummary], protocol: str) -> Iterator[str]:
    if protocol != "paper":
        yield gres_table(groups)
    if groups[0].phrasecut is not None:
        yield phrasecut_table(groups)
    if protocol != "gres":
        yield paper_table(groups)


def _latency(
    args: argparse.Namespace, dataset: Dataset, predictor: SegmenterPredictor | None
) -> Latency | None:
    if not args.latency or predictor is None:
        return None
    return measure_latency(
        predictor.segmenter,
        predictor.tokenizer,
        dataset,
        warm_up=args.latency_warm_up,
        samples=args.latency,
        seed=args.seed,
    )


def _asker(predictor: SegmenterPredictor | None) -> Any:
    """What attention there is for a picture and a sentence: none for predictions from a file."""
    if predictor is None:
        return lambda _image, _sentence: None
    segmenter, tokenizer = predictor.segmenter, predictor.tokenizer
    return lambda image, sentence: attention_of(segmenter, tokenizer, image, sentence)


def _with_progress(records: Iterable[SampleRecord], here: Processes, pictures: int) -> Iterator[SampleRecord]:
    """Pass records on, with a line on the error stream about every two seconds when someone is watching."""
    begun = last = time.monotonic()
    seen: set[Number] = set()
    for record in records:
        yield record
        seen.add(record.image_id)
        now = time.monotonic()
        if here.first and sys.stderr.isatty() and now - last > _PROGRESS_EVERY_S:
            left = (now - begun) / len(seen) * (pictures - len(seen))
            print(f"{len(seen)} of {pictures} pictures, {left:.0f} s left", file=sys.stderr)
            last = now
