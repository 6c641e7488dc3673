"""What every benchmark shares: percentiles, a table for people, JSON for machines.

And the hardware it ran on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def arguments(doc: str | None, name: str) -> argparse.ArgumentParser:
    """A parser with the options of every benchmark: `doc` is the module's docstring, `name` its JSON's."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="ssp_sam_tiny")
    parser.add_argument("--weights", help="file or 'random' (default: the variant's shipped weights)")
    parser.add_argument("--out", type=Path, default=Path(f"out/benchmarks/{name}.json"))
    return parser


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p90, p99 and count of a series; raises ValueError if it is empty."""
    if not len(values):
        raise ValueError("nothing was measured")
    p50, p90, p99 = np.percentile(np.asarray(values), [50, 90, 99])
    return {"p50": float(p50), "p90": float(p90), "p99": float(p99), "count": len(values)}


def machine() -> dict[str, Any]:
    """Processor, cores, memory and versions."""
    import torch

    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    memory = next(
        (int(line.split()[1]) / 2**20 for line in _lines("/proc/meminfo") if "MemTotal" in line), None
    )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": None if memory is None else round(memory, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def resident_mib(pid: int) -> float:
    """Resident memory of a process, MiB."""
    line = next(line for line in _lines(f"/proc/{pid}/status") if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; floats with two digits."""
    cells = [[f"{c:.2f}" if isinstance(c, float) else str(c) for c in row] for row in rows]
    widths = [max(len(r[i]) for r in [list(header), *cells]) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"

    return "\n".join([line(header), line(["-" * w for w in widths]), *map(line, cells)])


def write(path: Path, name: str, result: dict[str, Any]) -> None:
    """Write a result with the machine it came from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"benchmark": name, "machine": machine(), **result}, indent=1) + "\n")
    print(f"\nwritten: {path}")


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
