"""Write scenes of the simulated bench in the RefCOCO and gRefCOCO layouts: see `--help`."""

from __future__ import annotations

import sys

from ssp_sam_training.bench.command import main

if __name__ == "__main__":
    sys.exit(main())
