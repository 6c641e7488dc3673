#!/usr/bin/env python3
"""The whole graph: camera process -> node process -> mask in this third process, over DDS.

    python benchmarks/pipeline.py [--pictures 500] [--long 5000] [--size 640x480]

Prints the time from a picture's stamp to its mask here (p50, p99), the pictures per second that the node
sustains when the camera is faster than it, and the node's resident memory after `--pictures` and after
`--long` pictures. The reference in the same run is transport alone: the time from the stamp to the picture
itself in this process.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from report import arguments, machine, percentiles, resident_mib, table, write

CLIP = Path(__file__).resolve().parents[1] / "ssp_sam_ros" / "assets" / "clip"


class Probe:
    """Counts what arrives and how old it is."""

    def __init__(self) -> None:
        from ssp_sam_ros.dds.participant import Participant
        from ssp_sam_ros.interface.names import NodeNames
        from ssp_sam_ros.interface.qos import QoS
        from ssp_sam_ros.interface.topics import TOPICS
        from ssp_sam_ros.session.clock import system_clock
        from ssp_sam_ros.session.messages import nanoseconds_of

        self.masks: list[float] = []
        self.pictures: list[float] = []
        self._clock, self._stamp = system_clock, nanoseconds_of
        names = NodeNames("probe")
        self.participant = Participant(names)
        mask = TOPICS["mask"]
        self.participant.subscription("/ssp_sam/mask", mask.type, mask.qos, self._mask)
        self.participant.subscription(
            "/camera/image_raw", "sensor_msgs/msg/Image", QoS("best_effort", depth=1), self._picture
        )
        text = TOPICS["referring_expression"]
        self._expression = self.participant.publisher("/referring_expression", text.type, text.qos)
        self.participant.announce()

    def _age(self, message: Any) -> float:
        return (self._clock() - self._stamp(message.header.stamp)) / 1e6

    def _mask(self, message: Any) -> None:
        self.masks.append(self._age(message))

    def _picture(self, message: Any) -> None:
        self.pictures.append(self._age(message))

    def ask(self, sentence: str) -> None:
        """Publish an expression once the node listens."""
        from ssp_sam_ros.dds.messages import make

        deadline = time.monotonic() + 120
        while not self._expression.subscriptions():
            if time.monotonic() > deadline:
                raise TimeoutError("the node did not appear within 120 s")
            self.participant.spin_once(0.1)
        self._expression.publish(make("std_msgs/msg/String", data=sentence))

    def collect(self, count: int, timeout: float) -> float:
        """Wait for `count` masks; returns the seconds it took. Earlier ones are forgotten."""
        self.masks.clear()
        self.pictures.clear()
        begun = time.monotonic()
        while len(self.masks) < count:
            if time.monotonic() - begun > timeout:
                raise TimeoutError(f"only {len(self.masks)} of {count} masks within {timeout:.0f} s")
            self.participant.spin_once(0.1)
        return time.monotonic() - begun


def measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run the three phases; the processes end with the function."""
    from ssp_sam_ros.cli.processes import ProcessGroup

    program = [sys.executable, "-m", "ssp_sam_ros.cli.main"]
    camera = [*program, "camera", "--source", str(args.source), "--size", args.size, "--loop", "--rate"]
    node = [*program, "node", "--model", args.variant]
    if args.weights:
        node += ["--weights", args.weights]
    result: dict[str, Any] = {}
    with ProcessGroup(folder, os.environ) as group:
        group.start("node", node)
        probe = Probe()
        with ProcessGroup(folder / "slow", os.environ) as cameras:
            cameras.start("camera", [*camera, str(args.rate)])
            probe.ask(args.expression)
            probe.collect(20, 120)
            seconds = probe.collect(args.pictures, 60 + 5 * args.pictures / args.rate)
            result["latency_ms"] = percentiles(probe.masks)
            result["transport_ms"] = percentiles(probe.pictures)
            result["camera_hz"], result["masks_per_second"] = args.rate, args.pictures / seconds
        result["resident_mib"] = {str(args.pictures): resident_mib(group.pid("node"))}
        with ProcessGroup(folder / "fast", os.environ) as cameras:
            cameras.start("camera", [*camera, str(args.fast_rate)])
            probe.collect(20, 60)
            count = max(200, args.pictures // 2)
            seconds = probe.collect(count, 600)
            result["sustained_per_second"] = count / seconds
            result["sustained_camera_hz"] = args.fast_rate
            result["sustained_latency_ms"] = percentiles(probe.masks)
            if args.long:
                probe.collect(max(1, args.long - args.pictures - count - 40), 1200)
                result["resident_mib"][str(args.long)] = resident_mib(group.pid("node"))
    return result


def main() -> None:
    """Measure, print, write."""
    parser = arguments(__doc__, "pipeline")
    parser.add_argument(
        "--source", default=CLIP, help="as `ssp-sam camera --source` (default: the shipped clip)"
    )
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--expression", default="the red bowl")
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument(
        "--long", type=int, default=5000, help="pictures before the second look at memory; 0: none"
    )
    parser.add_argument("--rate", type=float, default=10.0, help="camera rate of the latency phase")
    parser.add_argument("--fast-rate", type=float, default=60.0, help="camera rate of the throughput phase")
    args = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", str(random.randrange(1, 100)))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    print(machine())
    with tempfile.TemporaryDirectory(prefix="ssp_sam_pipeline_") as folder:
        result = measure(args, Path(folder))
    latency, transport = result["latency_ms"], result["transport_ms"]
    sustained = result["sustained_latency_ms"]
    rows: list[list[Any]] = [
        [f"stamp -> mask in another process, camera at {args.rate:g} Hz, ms", latency["p50"], latency["p99"]],
        ["stamp -> picture in another process (reference), ms", transport["p50"], transport["p99"]],
        ["ratio", latency["p50"] / transport["p50"], latency["p99"] / transport["p99"]],
        [f"masks per second, camera at {args.fast_rate:g} Hz", result["sustained_per_second"], ""],
        ["stamp -> mask meanwhile, ms", sustained["p50"], sustained["p99"]],
        *(
            [f"resident memory of the node after {n} pictures, MiB", v, ""]
            for n, v in result["resident_mib"].items()
        ),
    ]
    print(f"\n{args.variant}, {args.size}, one expression\n")
    print(table(["what", "p50", "p99"], rows))
    write(args.out, "pipeline", {"variant": args.variant, "size": args.size, **result})


if __name__ == "__main__":
    main()
