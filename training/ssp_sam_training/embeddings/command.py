"""What ``training/precompute.py`` does once its command line is read."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from ..data import DatasetError, Picture, content_key, load_dataset, split_makers, split_names
from .encoder import SamEncoder
from .store import EmbeddingStore
from .writer import ShardWriter, open_folder, repair

_PICTURES = (".jpg", ".jpeg", ".png")
_PROGRESS_EVERY_S = 2.0
_T = TypeVar("_T")


@dataclass
class Outcome:
    """What a run did; `failed` holds a line for every picture that could not be read."""

    pictures: int = 0
    there_before: int = 0
    computed: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)


def run(args: argparse.Namespace) -> int:
    """Compute what is missing; 0 all is there, 1 some pictures cannot be read.

    Raises:
        ValueError, OSError: what is wrong with the data, the weights or the folder.
    """
    if not 0 <= args.rank < args.world:
        raise ValueError(f"rank {args.rank} of {args.world}: ranks count from 0 to {args.world - 1}")
    if args.verify and args.world > 1:
        raise ValueError(
            "--verify is for one process: run it without torchrun, then go on with as many as you like"
        )
    pictures = list(gather(args))[args.rank :: args.world]
    encoder = SamEncoder.load(args.variant, args.weights, _device(args), args.dtype)
    folder = open_folder(args.out, encoder.info)
    if args.verify:
        for line in repair(folder, encoder.info):
            print(f"damaged, made again now: {folder / line}", file=sys.stderr)
    shard_bytes = int(args.shard_gib * 2**30)
    with ShardWriter(folder, encoder.info, args.rank, shard_bytes) as writer:
        outcome = fill(pictures, encoder, writer, args.batch, args.workers)
    for line in outcome.failed:
        print(f"error: {line}", file=sys.stderr)
    print(json.dumps(_summary(args, encoder, folder, outcome)))
    return 1 if outcome.failed else 0


def gather(args: argparse.Namespace) -> Iterator[Picture]:
    """Every picture once, in a fixed order: of the sets' splits, and of the plain folders."""
    seen: dict[Path, None] = {}
    for name in args.dataset:
        name, _, by = name.partition("@")
        for maker in (by,) if by else split_makers(name)[:1]:
            for split in args.split or split_names(name, args.root, maker):
                dataset = load_dataset(
                    name, args.root, split, maker, image_folder=args.images, check_counts=False
                )
                for picture in dataset.pictures():
                    if picture.path not in seen:
                        seen[picture.path] = None
                        yield picture
    for folder in args.folder:
        if not folder.is_dir():
            raise ValueError(f"{folder} is not a folder of pictures")
        for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES):
            if path not in seen:
                seen[path] = None
                yield Picture("folder", str(path.relative_to(folder)), path)


def fill(
    pictures: list[Picture], encoder: SamEncoder, writer: ShardWriter, batch: int, workers: int
) -> Outcome:
    """Make the embeddings that are not in the writer's store, of any rank; pictures that fail are named.

    Reading and resizing runs in `workers` threads ahead of the encoder.
    """
    there = set(EmbeddingStore(writer.folder, verify=False))
    outcome, begun = Outcome(pictures=len(pictures)), time.perf_counter()
    progress = _Progress(len(pictures))

    def prepare(picture: Picture) -> tuple[str, Tensor | None]:
        content = picture.read()
        key = content_key(content)
        return key, None if key in there else encoder.prepare(picture.decode(content))

    with ThreadPoolExecutor(max_workers=workers) as pool, _Output(encoder, writer) as output:
        waiting: dict[str, Tensor] = {}
        for future in _ahead(pool, prepare, pictures, ahead=2 * batch + workers):
            try:
                key, prepared = future.result()
            except (DatasetError, OSError) as error:
                outcome.failed.append(str(error))
                continue
            if prepared is None or key in there:  # the same file may be there under two names
                outcome.there_before += 1
            else:
                there.add(key)
                waiting[key] = prepared
            if len(waiting) == batch:
                outcome.computed += output.put(waiting)
                waiting = {}
            progress.show(outcome)
        outcome.computed += output.put(waiting)
    outcome.seconds = time.perf_counter() - begun
    return outcome


class _Output:
    """Encodes batches and writes each while the next one is encoded; leaving the block waits for the last."""

    def __init__(self, encoder: SamEncoder, writer: ShardWriter) -> None:
        self._encoder, self._writer = encoder, writer
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._writing: Future[None] | None = None

    def put(self, batch: dict[str, Tensor]) -> int:
        """Encode prepared pictures by key and have them written; how many."""
        if batch:
            embeddings = self._encoder.encode(list(batch.values()))
            self._wait()
            self._writing = self._pool.submit(self._writer.write, list(batch), embeddings)
        return len(batch)

    def __enter__(self) -> _Output:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            if kind is None:
                self._wait()
        finally:
            self._pool.shutdown()

    def _wait(self) -> None:
        """Until what is being written is on the disk; raises what went wrong there."""
        if self._writing is not None:
            self._writing.result()


def _ahead(pool: ThreadPoolExecutor, work: Any, items: Iterable[_T], ahead: int) -> Iterator[Future[Any]]:
    """The futures of `work(item)` in order, `ahead` of them under way."""
    rest = iter(items)
    waiting = [pool.submit(work, item) for item in islice(rest, ahead)]
    while waiting:
        yield waiting.pop(0)
        waiting += [pool.submit(work, item) for item in islice(rest, 1)]


class _Progress:
    """A line on the error stream every two seconds: how far, how fast, how long still."""

    def __init__(self, total: int) -> None:
        self.total, self.begun, self.last = total, time.monotonic(), time.monotonic()

    def show(self, outcome: Outcome) -> None:
        now = time.monotonic()
        if now - self.last < _PROGRESS_EVERY_S:
            return
        self.last = now
        done = outcome.there_before + outcome.computed + len(outcome.failed)
        rate = done / (now - self.begun)
        left = (self.total - done) / rate if rate else float("nan")
        print(
            f"{done} of {self.total} pictures, {rate:.2f} a second, {left / 60:.1f} min left", file=sys.stderr
        )


def _device(args: argparse.Namespace) -> str:
    """ "auto" becomes the process's own GPU where torchrun started one process for each."""
    if args.device == "auto" and args.local_rank is not None and torch.cuda.is_available():
        return f"cuda:{args.local_rank}"
    return str(args.device)


def _summary(args: argparse.Namespace, encoder: SamEncoder, folder: Path, outcome: Outcome) -> dict[str, Any]:
    """The line on standard output."""
    rate = outcome.computed / outcome.seconds if outcome.seconds else 0.0
    return {
        "store": str(folder),
        "rank": args.rank,
        "world": args.world,
        "pictures": outcome.pictures,
        "there_before": outcome.there_before,
        "computed": outcome.computed,
        "failed": len(outcome.failed),
        "seconds": round(outcome.seconds, 3),
        "pictures_per_s": round(rate, 3),
        "bytes_per_picture": encoder.info.record_bytes,
        "variant": encoder.info.variant,
        "precision": encoder.info.precision,
    }
