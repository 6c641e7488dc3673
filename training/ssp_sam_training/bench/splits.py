"""The splits of the bench and what each keeps apart.

`val` and `test` hold unseen scenes; `pairs` shows and mentions pairs of colour and noun that no other split
shows or mentions; `forms` says what it says with templates and constructions that no other split uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ssp_sam_ros.sim.bench.grammar import Wanted
from ssp_sam_ros.sim.bench.layout import Mix

SPLITS = ("train", "val", "test", "pairs", "forms")
# How likely an object of the split "pairs" is drawn from the pairs that are kept out of the others.
_SHOWN_PAIRS = 0.6


def mix_of(split: str) -> Mix:
    """Which pairs of colour and noun the split's scenes show."""
    return Mix(held_out=_SHOWN_PAIRS if split == "pairs" else 0.0)


def wanted_of(
    split: str, kinds: Mapping[str, float] | None = None, absent: Mapping[str, float] | None = None
) -> Wanted:
    """Which sentences the split holds.

    kinds, absent: `Wanted.shares` and `Wanted.absent` of the training split, if others than usual.
    """
    wanted = Wanted(pairs=split == "pairs", unseen=split == "forms")
    if kinds and split == "train":
        wanted = replace(wanted, shares=dict(kinds))
    return replace(wanted, absent=dict(absent)) if absent and split == "train" else wanted
