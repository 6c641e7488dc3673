#!/usr/bin/env python3
"""The node of rclpy against the one without ROS: camera process -> node process -> mask in this third one.

    source /opt/ros/jazzy/setup.bash && source install/setup.bash
    python benchmarks/ros_against_dds.py [--pictures 100] [--rounds 4] [--sizes 640x480 1920x1080]

Both nodes run all the time, with a camera that is started for one of them and then for the other, in turns,
so that a change of the machine's load meets both. Prints the time from a picture's stamp to its mask here
(p50, p99) at a slow camera, and the masks per second with a camera faster than the node. All of it with
Cyclone DDS set up for large pictures, and once more as it comes (`--network`).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from report import arguments, machine, percentiles, resident_mib, table, write

CLIP = Path(__file__).resolve().parents[1] / "ssp_sam_ros" / "assets" / "clip"
NODES = ("rclpy", "dds")
RECEIVE_BUFFER = 4 * 2**20
SKIPPED = 3  # masks at the beginning of a turn: the camera has just joined


@dataclass
class Series:
    """What was measured for one node, picture size, network set-up and kind of camera."""

    ages: list[float] = field(default_factory=list)  # milliseconds
    seconds: float = 0.0

    def summary(self) -> dict[str, Any]:
        """Latency in milliseconds and masks per second; nothing but a count where none came."""
        if not self.ages:
            return {"count": 0}
        return {"latency_ms": percentiles(self.ages), "masks_per_second": len(self.ages) / self.seconds}


class Probe:
    """Asks both nodes, and keeps how old their masks are when they arrive."""

    def __init__(self) -> None:
        from ssp_sam_ros.dds.participant import Participant
        from ssp_sam_ros.interface.names import NodeNames
        from ssp_sam_ros.interface.topics import TOPICS
        from ssp_sam_ros.session.clock import system_clock
        from ssp_sam_ros.session.messages import nanoseconds_of

        self.ages: dict[str, list[float]] = {name: [] for name in NODES}
        self.participant = Participant(NodeNames("probe"))
        mask, text = TOPICS["mask"], TOPICS["referring_expression"]

        def keep(name: str) -> Any:
            ages = self.ages[name]
            return lambda message: ages.append((system_clock() - nanoseconds_of(message.header.stamp)) / 1e6)

        for name in NODES:
            self.participant.subscription(f"/{name}/ssp_sam/mask", mask.type, mask.qos, keep(name))
        self._operators = {
            name: self.participant.publisher(f"/{name}/referring_expression", text.type, text.qos)
            for name in NODES
        }
        self.participant.announce()

    def ask(self, sentence: str, group: Any) -> None:
        """Publish an expression to both once they listen."""
        from ssp_sam_ros.dds.messages import make

        deadline = time.monotonic() + 300
        for operator in self._operators.values():
            while not operator.subscriptions():
                group.check()
                if time.monotonic() > deadline:
                    raise TimeoutError("the nodes did not appear within 300 s")
                self.participant.spin_once(0.1)
            operator.publish(make("std_msgs/msg/String", data=sentence))

    def collect(self, name: str, count: int, timeout: float) -> Series:
        """Wait for `count` masks of a node, or as many as come in time, after the first few."""
        ages = self.ages[name]
        ages.clear()
        deadline = time.monotonic() + timeout
        while len(ages) < SKIPPED and time.monotonic() < deadline:
            self.participant.spin_once(0.1)
        ages.clear()
        begun = time.monotonic()
        while len(ages) < count and time.monotonic() < deadline:
            self.participant.spin_once(0.1)
        return Series(list(ages), time.monotonic() - begun)


def cyclone(network: str) -> str:
    """CYCLONEDDS_URI: for large pictures (docs/install.md), or one that changes nothing."""
    if network == "default":
        return '<CycloneDDS><Domain Id="any"/></CycloneDDS>'
    granted = int(Path("/proc/sys/net/core/rmem_max").read_text())
    # More than the system grants would be an error as a minimum.
    bound = f'min="{RECEIVE_BUFFER}B"' if granted >= RECEIVE_BUFFER else f'max="{RECEIVE_BUFFER}B"'
    return (
        '<CycloneDDS><Domain Id="any"><General><MaxMessageSize>65500B</MaxMessageSize></General>'
        f"<Internal><SocketReceiveBufferSize {bound}/></Internal></Domain></CycloneDDS>"
    )


def measure(args: argparse.Namespace, network: str, folder: Path) -> dict[str, Any]:
    """All sizes with one set-up of the network; the processes end with the function."""
    from ssp_sam_ros.cli.processes import ProcessGroup

    os.environ["CYCLONEDDS_URI"] = cyclone(network)
    command = [sys.executable, "-m", "ssp_sam_ros.cli.main"]
    programs = {"rclpy": [sys.executable, "-m", "ssp_sam_ros.ros.perception_node"], "dds": [*command, "node"]}
    with ProcessGroup(folder, os.environ) as group:
        for name, program in programs.items():
            options = ["-r", f"__ns:=/{name}", "-r", f"image:=/{name}/image", "-p", f"model:={args.variant}"]
            if args.weights:
                options += ["-p", f"weights:={args.weights}"]
            group.start(name, [*program, "--ros-args", *options])
        probe = Probe()
        probe.ask(args.expression, group)
        result: dict[str, Any] = {}
        for size in args.sizes:
            series = {(name, rate): Series() for name in NODES for rate in (args.rate, args.fast_rate)}
            for turn in range(args.rounds):
                for name in NODES[:: 1 if turn % 2 == 0 else -1]:
                    for rate in (args.rate, args.fast_rate):
                        camera = [*command, "camera", "--source", str(CLIP), "--size", size]
                        camera += ["--topic", f"/{name}/image", "--rate", str(rate), "--loop"]
                        with ProcessGroup(folder / f"{size}-{turn}-{name}-{rate:g}", os.environ) as cameras:
                            cameras.start("camera", camera)
                            part = probe.collect(name, args.pictures // args.rounds, args.limit)
                        group.check()
                        series[name, rate].ages += part.ages
                        series[name, rate].seconds += part.seconds
            result[size] = {
                name: {
                    "slow_camera": series[name, args.rate].summary(),
                    "fast_camera": series[name, args.fast_rate].summary(),
                    "resident_mib": resident_mib(group.pid(name)),
                }
                for name in NODES
            }
    return result


def rows_of(network: str, result: dict[str, Any]) -> list[list[Any]]:
    """The table's rows: one for each size and node."""
    rows = []
    for size, nodes in result.items():
        for name, values in nodes.items():
            slow, fast = values["slow_camera"], values["fast_camera"]
            latency = slow.get("latency_ms", {})
            rows.append(
                [
                    size,
                    network,
                    name,
                    latency.get("p50", "-"),
                    latency.get("p99", "-"),
                    slow.get("masks_per_second", 0.0),
                    fast.get("masks_per_second", 0.0),
                    f"{values['resident_mib']:.0f}",
                ]
            )
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = arguments(__doc__, "ros_against_dds")
    parser.add_argument("--sizes", nargs="+", default=["640x480", "1920x1080"], metavar="WxH")
    parser.add_argument(
        "--network",
        nargs="+",
        default=["tuned", "default"],
        choices=["tuned", "default"],
        help="tuned: Cyclone DDS set up for large pictures; default: as it comes (default: both)",
    )
    parser.add_argument("--expression", default="the red bowl")
    parser.add_argument(
        "--pictures", type=int, default=100, help="masks of each node, camera rate and size, over all rounds"
    )
    parser.add_argument("--rounds", type=int, default=4, help="turns of each node")
    parser.add_argument("--rate", type=float, default=2.0, help="camera rate for the latency")
    parser.add_argument("--fast-rate", type=float, default=30.0, help="camera rate for the throughput")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds that one turn takes at most")
    args = parser.parse_args()
    for module in ("rclpy", "ssp_sam_msgs"):
        if importlib.util.find_spec(module) is None:
            sys.exit(
                f"{module} is not importable: source the setup files of ROS 2 and of the built workspace"
            )
    from rclpy.utilities import get_rmw_implementation_identifier

    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    about = {"ros": os.environ.get("ROS_DISTRO"), "middleware": get_rmw_implementation_identifier()}
    print(machine(), about)
    first = random.randrange(1, 100)
    results: dict[str, Any] = {}
    for number, network in enumerate(args.network):
        os.environ["ROS_DOMAIN_ID"] = str(first + number)  # a domain keeps its set-up in this process
        with tempfile.TemporaryDirectory(prefix="ssp_sam_ros_against_dds_") as folder:
            results[network] = measure(args, network, Path(folder))
    header = [
        *("picture", "network", "node", "stamp -> mask, ms, p50", "p99"),
        *(f"masks/s, camera {args.rate:g} Hz", f"camera {args.fast_rate:g} Hz", "resident MiB"),
    ]
    print(f"\n{args.variant}, one expression, {args.rounds} turns of each node\n")
    print(table(header, [row for network, result in results.items() for row in rows_of(network, result)]))
    write(args.out, "ros_against_dds", {"variant": args.variant, **about, "networks": results})


if __name__ == "__main__":
    main()
