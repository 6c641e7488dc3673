"""`ssp-sam demo`: camera, node and operator as three processes on one graph, and a page of answers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssp_sam_ros.cli.demo_page import Answer
    from ssp_sam_ros.cli.demo_truth import ClipTruth
    from ssp_sam_ros.cli.processes import ProcessGroup
    from ssp_sam_ros.sim.clip import Clip, ClipSentence

HELP = "run camera, node and an operator's sentences side by side, and show what comes back"

# Above the domains people use by hand, below the ports that Linux hands out to clients.
_DOMAINS = range(40, 102)
_GOOD_IOU = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--out", type=Path, default=Path("out"), help="folder to write (default: %(default)s)"
    )
    parser.add_argument("--sim", action="store_true", help="live simulator instead of the recorded clip")
    parser.add_argument(
        "--sentence",
        action="append",
        metavar="TEXT",
        help="ask this instead of the clip's sentences; repeatable",
    )
    parser.add_argument("--weights", help="weights file, or 'random' (default: those shipped)")
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda or cuda:N")
    parser.add_argument("--domain", type=int, help="ROS_DOMAIN_ID (default: one of this demonstration's own)")
    parser.add_argument(
        "--timeout", type=float, default=120.0, help="seconds to wait for each answer (default: %(default)g)"
    )


def run(args: argparse.Namespace) -> int:
    """Start the processes, ask, show; 0 where every sentence was answered."""
    import os
    import signal
    import sys

    from ssp_sam_ros.cli.demo_page import page, text_table
    from ssp_sam_ros.cli.demo_truth import ClipTruth
    from ssp_sam_ros.cli.processes import ProcessError, ProcessGroup
    from ssp_sam_ros.sim.clip import load_clip

    clip = load_clip()
    source, arguments = _source(clip, args.sim)
    sentences = args.sentence or [sentence.text for sentence in clip.sentences]
    domain = _DOMAINS[os.getpid() % len(_DOMAINS)] if args.domain is None else args.domain
    environment = {
        **os.environ,
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "PYTHONUNBUFFERED": "1",
    }
    print(
        f"camera ({source}), node and operator on ROS domain {domain}; logs in {args.out / 'logs'}",
        flush=True,
    )
    # A page or drawings of an earlier run must not pass for this one's, should it fail.
    (args.out / "index.html").unlink(missing_ok=True)
    for drawing in (args.out / "answers").glob("*.png"):
        drawing.unlink()
    # Ended from outside, the processes started here must end, too.
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ProcessGroup(args.out / "logs", environment) as group:
            records = _ask(group, args, arguments, sentences)
    except ProcessError as error:
        _explain(group, error)
        return 1
    finally:
        signal.signal(signal.SIGTERM, previous)
    truth = None if args.sim else ClipTruth(clip)
    answers = [_answer(record, truth) for record in records]
    lead = (
        f"Camera: {source}. Model: {records[0]['model']}, weights {records[0]['weights_digest'][:12]}. "
        f"Three processes on ROS domain {domain}, without a ROS installation."
    )
    path = args.out / "index.html"
    path.write_text(page("A picture and a sentence", lead, answers), encoding="utf-8")
    print(f"\n{text_table(answers)}\n")
    print(_verdict(answers, clip.sentences))
    print(f"drawings, masks and a summary: {path}")
    sys.stdout.flush()
    return 0 if all(answer.outcome in ("FOUND", "NO_TARGET") for answer in answers) else 1


def _source(clip: Clip, live: bool) -> tuple[str, list[str]]:
    """The camera's pictures in words, and as arguments of `ssp-sam camera --source`."""
    import json

    folder = clip.frames[0].parent
    if not live:
        return f"recorded clip, {len(clip.frames)} frames", [str(folder)]
    # The clip was recorded from this very scene, so its sentences hold here, too.
    recorded = json.loads((folder / "clip.json").read_text(encoding="utf-8"))
    seed, world = recorded["seed"], recorded.get("world", "tabletop")
    return f"live simulator, {world} {seed}", ["sim", "--world", world, "--seed", str(seed)]


def _ask(
    group: ProcessGroup, args: argparse.Namespace, source: Sequence[str], sentences: Sequence[str]
) -> list[dict[str, Any]]:
    """Run the three processes; returns what the operator printed, one record per sentence.

    Raises:
        ProcessError: one of them ended early, or the operator did not get all its answers.
    """
    import json
    import sys

    from ssp_sam_ros.cli.processes import ProcessError

    ssp_sam = [sys.executable, "-m", "ssp_sam_ros.cli.main"]
    weights = ["--weights", args.weights] if args.weights else []
    group.start("camera", [*ssp_sam, "camera", "--loop", "--source", *source])
    group.start("node", [*ssp_sam, "node", "--device", args.device, *weights])
    options = [
        "--one-by-one",
        "--json",
        "--save",
        str(args.out / "answers"),
        "--timeout",
        f"{args.timeout:g}",
    ]
    # The operator keeps its own time for each sentence; this one only guards against a process that hangs.
    limit = args.timeout * (len(sentences) + 1)
    _, printed = group.run("say", [*ssp_sam, "say", *options, "--", *sentences], limit)
    records = [json.loads(line) for line in printed.splitlines()]
    if len(records) < len(sentences):
        raise ProcessError("say", f"got {len(records)} answers to {len(sentences)} sentences")
    return records


def _answer(record: Mapping[str, Any], truth: ClipTruth | None) -> Answer:
    """One record of `ssp-sam say --json`, with its overlap with the truth where that is known."""
    from ssp_sam_ros.cli.demo_page import Answer

    overlay = Path(record["overlay"]) if record.get("overlay") else None
    x1, y1, x2, y2 = record["box"]
    return Answer(
        sentence=record["expression"],
        outcome=record["outcome"],
        box=(x1, y1, x2, y2),
        score=float("nan") if record["score"] is None else record["score"],
        milliseconds=record["ms"]["total"],
        iou=None
        if truth is None or overlay is None
        else truth.iou(record["expression"], Path(record["mask"]), overlay),
        overlay=overlay,
        reason=record["reason"],
    )


def _verdict(answers: Sequence[Answer], sentences: Sequence[ClipSentence]) -> str:
    """One line: how many answers agree with what the simulator knows."""
    expected = {sentence.text: "FOUND" if sentence.targets else "NO_TARGET" for sentence in sentences}
    known = [answer for answer in answers if answer.sentence in expected]
    if not known:
        return f"{len(answers)} sentences answered; the simulator's truth knows none of them"
    right = [
        answer
        for answer in known
        if answer.outcome == expected[answer.sentence] and (answer.iou is None or answer.iou >= _GOOD_IOU)
    ]
    measured = all(answer.iou is not None for answer in known)
    measure = f"outcome, and IoU of at least {_GOOD_IOU:g}" if measured else "outcome only"
    return f"{len(right)} of {len(known)} answers agree with the simulator's truth ({measure})"


def _explain(group: ProcessGroup, error: Exception) -> None:
    """Say what went wrong, with the last lines of every log."""
    import sys

    print(f"ssp-sam demo: error: {error}", file=sys.stderr)
    for name in group.names:
        print(f"\n--- {group.log(name)} ---\n{group.tail(name) or '(empty)'}", file=sys.stderr)
