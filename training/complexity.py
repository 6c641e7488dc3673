#!/usr/bin/env python3
"""Parameters and floating-point operations of variants, as a Markdown table; nothing is computed or loaded.

python training/complexity.py                                  every variant of the package
python training/complexity.py ssp_sam_224 my_variant.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and print; 0 ok, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("variants", nargs="*", help="names or JSON files (default: all of the package)")
    args = parser.parse_args(argv)

    from ssp_sam_ros.network import load_variant, variant_names
    from ssp_sam_training.evaluation.complexity import complexity
    from ssp_sam_training.evaluation.tables import complexity_table

    try:
        variants = [load_variant(name) for name in args.variants or variant_names()]
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(complexity_table({variant.name: complexity(variant) for variant in variants}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
