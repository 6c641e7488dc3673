"""Write simulated tabletop scenes in the RefCOCO and gRefCOCO layouts: see `--help`."""

from __future__ import annotations

import sys
from pathlib import Path

# The package next to this script is used even where the repository is not installed.
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from ssp_sam_training.tabletop.command import main

if __name__ == "__main__":
    sys.exit(main())
