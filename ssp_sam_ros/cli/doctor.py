"""`ssp-sam doctor`: what is here, what is missing, and what to do about it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_sam_ros.doctor.check import Check
    from ssp_sam_ros.interface.ros_arguments import RosArguments

HELP = "check Python, torch, weights, the DDS graph, ROS and OpenGL, and say what to do about problems"
TAKES_ROS_ARGUMENTS = True

PARTS = ("python", "torch", "device", "weights", "dds", "ros", "opengl")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; the node's own parameters and remapping rules go after --ros-args."""
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument(
        "--seconds", type=_seconds, default=3.0, help="how long to listen on the graph (default: %(default)g)"
    )
    parser.add_argument("--verify", action="store_true", help="load the weights however large they are")
    parser.add_argument(
        "--weights-dir", action="append", type=Path, default=[], metavar="FOLDER", help="look here first"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not a time from 0 to 600 s")
    return seconds


def run(args: argparse.Namespace) -> int:
    """Print a line for each check; 1 if one has failed, 0 if all are well but for warnings."""
    import json

    from ssp_sam_ros.doctor.check import failed
    from ssp_sam_ros.interface.ros_arguments import RosArguments

    parts = _parts(args, args.ros or RosArguments())
    checks: list[Check] = []
    for name in PARTS:
        if args.only and name not in args.only:
            continue
        for check in parts[name]():
            checks.append(check)
            if not args.json:
                print(check, flush=True)
    if args.json:
        records = [
            {
                "check": check.name,
                "level": check.level.value,
                "text": check.text,
                "advice": check.advice,
                "details": dict(check.details),
            }
            for check in checks
        ]
        print(json.dumps({"ok": not failed(checks), "checks": records}, indent=1))
    return 1 if failed(checks) else 0


def _parts(args: argparse.Namespace, ros: RosArguments) -> dict[str, Callable[[], list[Check]]]:
    """What looks at each part.

    Raises:
        ValueError: the arguments after --ros-args are not what the node would take.
    """
    from ssp_sam_ros.doctor.graph import check_graph
    from ssp_sam_ros.doctor.interpreter import check_python
    from ssp_sam_ros.doctor.model import check_weights
    from ssp_sam_ros.doctor.opengl import check_opengl
    from ssp_sam_ros.doctor.ros import check_ros
    from ssp_sam_ros.doctor.torch_build import check_device, check_torch
    from ssp_sam_ros.interface import NODE_NAME, Parameters
    from ssp_sam_ros.interface.endpoints import default_remaps

    names = ros.names_for(NODE_NAME)
    parameters = Parameters.from_overrides(ros.parameters_for(names))
    text = parameters.text
    return {
        "python": check_python,
        "torch": check_torch,
        "device": lambda: check_device(text("device"), text("dtype")),
        "weights": lambda: check_weights(text("model"), text("weights"), args.weights_dir, args.verify),
        "dds": lambda: check_graph(names.with_default_remaps(default_remaps()), parameters, args.seconds),
        "ros": check_ros,
        "opengl": check_opengl,
    }
