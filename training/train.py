#!/usr/bin/env python3
"""Train a network.

python training/train.py --config training/configs/tabletop_tiny.yaml [--minutes M] [key=value ...]
torchrun --nproc-per-node 8 training/train.py --config training/configs/refcoco_336.yaml [key=value ...]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ssp_sam_training.config import ConfigError, load_config


def main(argv: Sequence[str] | None = None) -> int:
    """Run the stages of a configuration, or go on where the checkpoint in --out stopped.

    Returns 0 ok, also where time is up; 1 failed, 2 usage.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True, type=Path)
    parser.add_argument(
        "--out", type=Path, help="folder of checkpoint, logs and weights (default: runs/<config name>)"
    )
    parser.add_argument("--minutes", type=float, help="stop after so long, with a checkpoint to go on from")
    parser.add_argument("--device", default="cuda" if _has_cuda() else "cpu")
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's)")
    parser.add_argument(
        "--export", action="store_true", help="train nothing, write the weights of the checkpoint in --out"
    )
    parser.add_argument(
        "overrides", nargs="*", metavar="key=value", help="such as data.root=DIR or stages.0.steps=500"
    )
    args = parser.parse_args(argv)
    try:
        config = load_config(args.config, args.overrides)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    import torch

    from ssp_sam_ros.perception.allocator import keep_freed_memory
    from ssp_sam_training.export import export_weights
    from ssp_sam_training.loop import Trainer, TrainingError

    keep_freed_memory(largest_block=2**30, spare=2**31 - 1)  # activations are tens of megabytes
    # A thread that makes batches holds the interpreter for so long when the network wants to go on.
    sys.setswitchinterval(0.0005)
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        trainer = Trainer(config, args.out or Path("runs") / args.config.stem, torch.device(args.device))
        if not args.export and not trainer.run(args.minutes):
            trainer.say("time is up; the same command goes on from the checkpoint")
        elif trainer.processes.is_main:
            print(f"weights: {export_weights(trainer)}")
        trainer.close()
    except (ValueError, OSError, TrainingError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


if __name__ == "__main__":
    sys.exit(main())
