"""What the scripts of `training/` share: types of arguments, and how errors end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable


def positive(text: str) -> int:
    """A whole number of 1 or more, as an argument's `type`."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def share(text: str) -> float:
    """A number from 0 to 1, as an argument's `type`."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("must be between 0 and 1")
    return value


def exit_code(run: Callable[[], int | None]) -> int:
    """What `run` returns (None: 0); 1, with one line, for what is wrong with data, weights or folders."""
    try:
        return run() or 0
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
