"""`ssp-sam <command>`: finds the command, parses arguments, turns errors into a line and an exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol

COMMANDS = (
    "segment", "node", "camera", "say", "listen", "sim", "demo", "parity", "weights", "convert", "doctor"
)  # fmt: skip

OK, FAILED, USAGE = 0, 1, 2

_EXTRAS = {"cyclonedds": "dds", "rosbags": "dds", "mujoco": "sim"}


class Command(Protocol):
    """What a module of this folder offers.

    One that understands `--ros-args` also has `TAKES_ROS_ARGUMENTS = True` and finds a
    `ssp_sam_ros.interface.ros_arguments.RosArguments` in `args.ros`.
    """

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Carry the command out; returns the exit code."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="ssp-sam",
        description="A picture and a referring expression become a mask, a box and a no-target flag.",
        epilog="After --ros-args, the commands node, camera, say, listen, sim and doctor take what ROS nodes "
        "take.",
    )
    parser.add_argument("--traceback", action="store_true", help="on an error, show where it came from")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        command: Command = importlib.import_module(f"ssp_sam_ros.cli.{name}")
        subparser = subparsers.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(module=command)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns 0 (ok), 1 (failed) or 2 (usage)."""
    from ssp_sam_ros.interface.ros_arguments import split_ros_arguments

    parser = build_parser()
    try:
        plain, ros = split_ros_arguments(sys.argv[1:] if argv is None else argv)
    except ValueError as error:
        print(f"ssp-sam: error: {error}", file=sys.stderr)
        return USAGE
    try:
        args = parser.parse_args(plain)
    except SystemExit as stop:  # argparse has printed help or what is wrong
        return stop.code if isinstance(stop.code, int) else USAGE
    if ros is not None and not getattr(args.module, "TAKES_ROS_ARGUMENTS", False):
        print(f"ssp-sam {args.command}: error: this command takes no --ros-args", file=sys.stderr)
        return USAGE
    args.ros = ros
    try:
        code: int = args.module.run(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read the output has enough. What is still buffered must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        if args.traceback:
            raise
        print(f"ssp-sam {args.command}: error: {error}{_hint(error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return FAILED


def _hint(error: Exception) -> str:
    extra = _EXTRAS.get(error.name or "") if isinstance(error, ModuleNotFoundError) else None
    return f"; in the checkout: pip install -c constraints.txt -e '.[{extra}]'" if extra else ""


if __name__ == "__main__":
    sys.exit(main())
