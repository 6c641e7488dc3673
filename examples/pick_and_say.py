#!/usr/bin/env python3
"""Tell the simulated robot what to take: a sentence in, what left the table out. Needs no ROS.

    ssp-sam sim --seed 3 & ssp-sam node &
    python examples/pick_and_say.py "the red mug on the left"     # or sentences on standard input, one a line
    python examples/pick_and_say.py --heard & ssp-sam listen --microphone      # or spoken

Prints one JSON object a sentence. The robot moves on FOUND only: NO_TARGET, FAILED and STALE are told, and
nothing happens. A sentence is over with its answer, so the same one may be said again. Of what is said while
the robot moves the last sentence counts, with what the camera sees when it stands still again.
Exits with 0 where every sentence ended in something being lifted off the table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from picker import Picker, TimeIsUpError

from ssp_sam_ros.cli.runtime import interrupt_on_signals


def main(argv: Sequence[str] | None = None) -> int:
    """Sentence after sentence."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sentences", nargs="*", metavar="SENTENCE", help="default: lines of standard input")
    parser.add_argument(
        "--heard", action="store_true", help="act on what others ask the node, e.g. by speech"
    )
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for each answer and each grasp")
    args = parser.parse_args(argv)
    if args.heard and args.sentences:
        parser.error("--heard takes sentences from others, so give none")
    if not all(sentence.strip() for sentence in args.sentences):
        parser.error("a SENTENCE is empty; it asks for nothing")
    interrupt_on_signals()
    picker = Picker(args.timeout)
    lifted = True
    try:
        picker.connect()
        lines = args.sentences or (line for line in sys.stdin if line.strip())
        for answer in picker.heard() if args.heard else map(picker.ask, lines):
            told = picker.act(answer)
            print(json.dumps(told), flush=True)
            lifted &= bool(told["removed"])
    except TimeIsUpError as error:
        print(f"pick_and_say: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    finally:
        picker.close()
    return 0 if lifted else 1


if __name__ == "__main__":
    sys.exit(main())
