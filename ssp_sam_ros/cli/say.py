"""`ssp-sam say`: sends referring expressions to a running node and prints what comes back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ssp_sam_ros.dds.operator import Operator

HELP = "send referring expressions to a running node and print what comes back"
TAKES_ROS_ARGUMENTS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "Exits with 1 where no expression got an answer (FOUND or NO_TARGET), or the time was up."
    parser.add_argument("expressions", nargs="+", metavar="EXPRESSION", help='e.g. "the red mug on the left"')
    parser.add_argument("--node", default="/ssp_sam", help="full name of the node (default: %(default)s)")
    parser.add_argument("--camera", default="", help="which camera's results, where the node has several")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds to wait (default: %(default)g)")
    parser.add_argument(
        "--one-by-one", action="store_true", help="ask one after the other instead of all on one picture"
    )
    parser.add_argument(
        "--pictures", type=int, default=1, metavar="N", help="answers to print per expression"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write masks and drawings as PNG")
    parser.add_argument("--clear", action="store_true", help="at the end, tell the node to stop looking")


def run(args: argparse.Namespace) -> int:
    """Ask, wait, print; 0 where all came in time and any is FOUND or NO_TARGET."""
    import os
    import sys

    from ssp_sam_ros.cli.answer_printer import AnswerPrinter
    from ssp_sam_ros.cli.runtime import stop_on_signals
    from ssp_sam_ros.dds.operator import Operator
    from ssp_sam_ros.interface.names import NodeNames
    from ssp_sam_ros.interface.ros_arguments import RosArguments
    from ssp_sam_ros.session.requests import MOST_EXPRESSIONS

    ros = args.ros or RosArguments()
    namespace, _, node = args.node.rpartition("/")
    target = NodeNames(node, namespace or ros.namespace or "/", tuple(ros.remaps))
    stop = stop_on_signals()
    if not all(expression.strip() for expression in args.expressions):
        raise ValueError("an expression is empty")
    if len(args.expressions) > MOST_EXPRESSIONS and not args.one_by_one:
        raise ValueError(f"more than {MOST_EXPRESSIONS} expressions at once; add --one-by-one")
    printer = AnswerPrinter(args.json, args.save)
    operator = Operator(
        ros.names_for(f"say_{os.getpid()}"), target, args.camera, overlays=args.save is not None
    )
    batches = [[text] for text in args.expressions] if args.one_by_one else [args.expressions]
    complete = True
    try:
        for batch in batches:
            complete &= _ask(operator, batch, args.pictures, args.timeout, stop.is_set, printer)
            if stop.is_set():
                return 1
        if args.clear:
            operator.clear()
    finally:
        operator.close()
        printer.finish()
    if not complete:
        print(f"ssp-sam say: {printer.silence}", file=sys.stderr)
    return 0 if complete and printer.any_answered else 1


def _ask(
    operator: Operator,
    expressions: Sequence[str],
    pictures: int,
    timeout: float,
    stopped: Callable[[], bool],
    printer: Any,
) -> bool:
    """Print `pictures` answers for each expression; False where the time was up before.

    STALE is not the end: the camera may yet come. It is printed when nothing better has come in time.
    """
    import time

    deadline = time.monotonic() + timeout

    def over() -> bool:
        return stopped() or time.monotonic() > deadline

    missing = dict.fromkeys(range(len(expressions)), pictures)
    stale: dict[int, Any] = {}
    if operator.wait_for_node(over):
        index_of = operator.ask(expressions)
        while missing and not over():
            for message in operator.results():
                index = index_of(message)
                if index not in missing:
                    continue
                if message.outcome == message.STALE:
                    stale[index] = message
                    continue
                printer.answer(message, operator)
                missing[index] -= 1
                if not missing[index]:
                    del missing[index]
    for index in stale.keys() & missing.keys():
        printer.answer(stale[index], operator)
    if missing:
        printer.silence = f"no answer within {timeout:g} s: {operator.explain_silence()}"
    return not missing
