#!/usr/bin/env python3
"""Keep SAM's image embeddings on disk, so that training need not run the image encoder in every epoch.

python training/precompute.py --root data/benchmarks --dataset refcoco grefcoco --out data/embeddings

Runs in as many processes as you like (torchrun --nproc-per-node 8 training/precompute.py ..., or --rank and
--world by hand); started again it goes on where it stopped. Pictures are known by their bytes: one cache
serves every set. --verify checks what is there first, names damaged shards and makes them again. Prints one
line of JSON per process.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ssp_sam_training.command_line import exit_code, positive


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run; 0 everything is there, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = parser.add_argument_group("pictures")
    data.add_argument("--root", type=Path, default=Path("data"), help="folder of the sets (default data)")
    data.add_argument(
        "--dataset", nargs="+", default=[], metavar="SET", help="refcoco, refcocog@google, custom, ..."
    )
    data.add_argument("--split", nargs="+", default=[], help="some splits only (default: all of the sets)")
    data.add_argument("--images", type=Path, help="the sets' pictures, if not in the usual place")
    data.add_argument("--folder", nargs="+", type=Path, default=[], help="all pictures below these folders")
    model = parser.add_argument_group("encoder")
    model.add_argument("--variant", default="ssp_sam_336", help="name or JSON file (default %(default)s)")
    model.add_argument("--weights", help="file, or 'random' (default: SAM's own file in a weights folder)")
    model.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 (default %(default)s)")
    model.add_argument("--dtype", default="auto", help="auto, float32, bfloat16 (default %(default)s)")
    model.add_argument("--batch", type=positive, default=4, help="pictures at once (default 4)")
    model.add_argument("--workers", type=positive, default=4, help="threads that read pictures (default 4)")
    store = parser.add_argument_group("store")
    store.add_argument("--out", type=Path, default=Path("data/embeddings"), help="default %(default)s")
    store.add_argument("--shard-gib", type=float, default=8.0, help="size of a full shard (default 8)")
    store.add_argument("--verify", action="store_true", help="check all checksums first, make damage good")
    store.add_argument("--rank", type=int, default=int(os.environ.get("RANK", 0)), help="of this process")
    store.add_argument(
        "--world", type=positive, default=int(os.environ.get("WORLD_SIZE", 1)), help="number of processes"
    )
    args = parser.parse_args(argv)
    if not args.dataset and not args.folder:
        parser.error("name the pictures: --dataset SET ... or --folder FOLDER ...")
    args.local_rank = os.environ.get("LOCAL_RANK")
    logging.basicConfig(format="%(message)s", level=logging.WARNING)

    from ssp_sam_training.embeddings.command import run

    return exit_code(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
