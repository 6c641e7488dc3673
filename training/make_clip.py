"""Record the demonstration clip of one simulated scene: see `--help`."""

from __future__ import annotations

import sys

from ssp_sam_training.demonstration.command import main

if __name__ == "__main__":
    sys.exit(main())
