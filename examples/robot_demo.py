#!/usr/bin/env python3
"""The closed loop to look at: simulator, perception node and operator as three processes, and a film of it.

    python examples/robot_demo.py [--out out/robot] [--world bench --seed 3 "the red mug" "the knife" ...]

Writes robot.webp (the film), index.html and one JSON line a sentence. Needs no ROS; the simulator wants an
off-screen OpenGL (MUJOCO_GL=egl or osmesa). Exits with 0 where every sentence was answered.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from picker import OUTCOMES, Picker, TimeIsUpError
from PIL import Image, ImageDraw, ImageFont

from ssp_sam_ros.cli.processes import ProcessError, ProcessGroup
from ssp_sam_ros.cli.runtime import interrupt_on_signals
from ssp_sam_ros.interface.image_codec import decode_array, decode_rgb
from ssp_sam_ros.interface.qos import SENSOR_INPUT
from ssp_sam_ros.perception.drawing import draw_overlay
from ssp_sam_ros.perception.result import Outcome, Result
from ssp_sam_ros.session.messages import nanoseconds_of

# A scene whose sentences the shipped model answers rightly; others are as good as the model card says.
WORLD, SEED = "bench", 12
SENTENCES = ("the green teapot", "the lemon", "the yellow teapot left of the red book")
_DOMAINS = range(40, 102)
_FPS, _WIDTH, _STRIP = 8, 480, 48
_PICTURES = 40  # kept by stamp, so that an answer can be drawn on its own one
_QUALITY = 55


class FilmedPicker(Picker):
    """A `Picker` that keeps what the camera shows, with a caption."""

    def __init__(self, patience: float, watch: Callable[[], object]) -> None:
        """Join the graph."""
        self.frames: list[Image.Image] = []
        self._caption = ("", "")
        self._recording = False
        self._pictures: dict[int, np.ndarray] = {}
        super().__init__(patience, watch)
        self._participant.subscription(
            "/camera/image_raw", "sensor_msgs/msg/Image", SENSOR_INPUT, self._on_picture
        )

    def episode(self, sentence: str) -> dict[str, Any]:
        """Ask, act, and tell what became of it; filmed."""
        self._caption = (f"“{sentence}”", "")
        self._hold(self._newest(), 0.8)
        answer = self.ask(sentence)
        outcome = OUTCOMES[answer.result.outcome]
        self._caption = (f"“{sentence}”", outcome)
        self._hold(self._drawn(answer.result), 1.4)
        self._recording = True
        told = self.act(answer)
        self._recording = False
        taken = ", ".join(told["removed"])
        self._caption = (
            f"“{sentence}”",
            f"{outcome}: took the {taken}" if taken else f"{outcome}: {told['reason'] or 'nothing moves'}",
        )
        self._hold(self._newest(), 1.4)
        return told

    def save(self, path: Path) -> None:
        """Write the film as an animated WebP."""
        first, *rest = self.frames
        first.save(
            path, save_all=True, append_images=rest, duration=1000 // _FPS, loop=0, quality=_QUALITY, method=4
        )

    def _on_picture(self, message: Any) -> None:
        picture = decode_rgb(message)
        self._pictures[nanoseconds_of(message.header.stamp)] = picture
        while len(self._pictures) > _PICTURES:
            self._pictures.pop(next(iter(self._pictures)))
        if self._recording:
            self._frame(picture)

    def _newest(self) -> np.ndarray:
        self._until(lambda: self._pictures, "no picture from the camera")
        return self._pictures[next(reversed(self._pictures))]

    def _drawn(self, result: Any) -> np.ndarray:
        """The answer on the picture it is about."""
        picture = self._pictures.get(nanoseconds_of(result.header.stamp))
        if picture is None:
            picture = self._newest()
        if result.outcome != result.FOUND:
            return picture
        mask = decode_array(result.mask)
        rows, columns = np.nonzero(mask)
        box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        found = Result(result.expression, "", Outcome.FOUND, mask=mask, box=box, score=float(result.score))
        return draw_overlay(picture, [found])

    def _hold(self, picture: np.ndarray, seconds: float) -> None:
        for _ in range(round(seconds * _FPS)):
            self._frame(picture)

    def _frame(self, picture: np.ndarray) -> None:
        height = round(_WIDTH * picture.shape[0] / picture.shape[1])
        frame = Image.new("RGB", (_WIDTH, height + _STRIP), (24, 24, 28))
        frame.paste(Image.fromarray(picture).resize((_WIDTH, height), Image.Resampling.LANCZOS))
        draw, font = ImageDraw.Draw(frame), ImageFont.load_default(15)
        for row, text in enumerate(self._caption):
            draw.text((8, height + 4 + 20 * row), text, font=font, fill=(235, 235, 235))
        self.frames.append(frame)


def main(argv: Sequence[str] | None = None) -> int:
    """Start, ask, film."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sentences", nargs="*", default=list(SENTENCES), metavar="SENTENCE")
    parser.add_argument("--world", choices=("tabletop", "bench"), default=WORLD)
    parser.add_argument("--seed", type=int, default=SEED, help="of the scene (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("out/robot"))
    parser.add_argument("--domain", type=int, default=_DOMAINS[os.getpid() % len(_DOMAINS)])
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds for each answer and grasp")
    args = parser.parse_args(argv)
    if not all(sentence.strip() for sentence in args.sentences):
        parser.error("a SENTENCE is empty; it asks for nothing")
    # A film or page of an earlier run must not pass for this one's, should it fail.
    page, film = args.out / "index.html", args.out / "robot.webp"
    for old in (page, film):
        old.unlink(missing_ok=True)
    # The participant of this process reads them, too.
    os.environ |= {"ROS_DOMAIN_ID": str(args.domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    group = ProcessGroup(args.out / "logs", os.environ)
    interrupt_on_signals()  # ended from outside, the processes started here must end, too
    try:
        with group:
            told = _episodes(group, args, film)
    except (TimeIsUpError, ProcessError) as error:
        print(f"robot_demo: error: {error}", file=sys.stderr)
        for name in group.names:
            print(f"\n--- {group.log(name)} ---\n{group.tail(name) or '(empty)'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("robot_demo: stopped", file=sys.stderr)
        return 1
    page.write_text(_page(args, told), encoding="utf-8")
    print(f"film and page: {page}")
    return 0 if all(t["outcome"] in ("FOUND", "NO_TARGET") for t in told) else 1


def _episodes(group: ProcessGroup, args: argparse.Namespace, film: Path) -> list[dict[str, Any]]:
    """Run simulator and node, and one episode a sentence; returns what became of each, and writes the film.

    Raises:
        ProcessError: simulator or node has ended.
        TimeIsUpError: one of them does not answer.
    """
    command = [sys.executable, "-m", "ssp_sam_ros.cli.main"]
    scene = ["--world", args.world, "--seed", str(args.seed), "--rate", str(_FPS)]
    group.start("sim", [*command, "sim", *scene])
    # slow machines draw slowly while the gripper moves: its pictures may be old by then
    group.start("node", [*command, "node", "--ros-args", "-p", "max_image_age:=10.0"])
    picker = FilmedPicker(args.timeout, watch=group.check)
    told = []
    try:
        picker.connect()
        for sentence in args.sentences:
            told.append(picker.episode(sentence))
            print(json.dumps(told[-1]), flush=True)
    finally:
        picker.close()
    picker.save(film)
    return told


def _page(args: argparse.Namespace, told: Sequence[dict[str, Any]]) -> str:
    rows = "\n".join(
        "<tr>"
        + "".join(
            f"<td>{html.escape(text)}</td>"
            for text in (t["sentence"], t["outcome"], ", ".join(t["removed"]) or "nothing", t["reason"])
        )
        + "</tr>"
        for t in told
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A sentence and a robot</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2.5rem auto; max-width: 48rem; }}
td, th {{ text-align: left; padding: .4rem .8rem; border-bottom: 1px solid #8884; }}</style></head><body>
<h1>A sentence and a robot</h1>
<p>Simulated {html.escape(args.world)}, scene {args.seed}: three processes on ROS domain {args.domain}.</p>
<img src="robot.webp" alt="the episodes">
<table><tr><th>sentence</th><th>outcome</th><th>left the table</th><th></th></tr>
{rows}
</table></body></html>
"""


if __name__ == "__main__":
    sys.exit(main())
