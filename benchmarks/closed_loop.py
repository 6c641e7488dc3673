#!/usr/bin/env python3
"""Sentence to grasp: a simulated robot is told what to take; the simulator knows what left the table.

    python benchmarks/closed_loop.py [--scenes 200] [--world tabletop] [--seed 0] [--out out/closed_loop]

Two sentences a scene, one about exactly one object and one about an object that is not there. Each is
answered by the model and, as the upper bound, by the simulator's own masks; from there on both go the same
way: depth under the mask, a grasp from above, physics. The same seed gives the same scenes. Stopped, it goes
on where it was. Writes episodes.jsonl, closed_loop.json, a gallery by verdict and episodes.mp4.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from closed_loop_pictures import Film, gallery, tile
from report import machine, percentiles, table, write

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for examples/

MASKS = ("model", "truth")
RIGHT, WRONG, MISSED, ABSTAINED = "right object", "wrong object", "missed grasp", "abstained"
UNPLANNED, UNANSWERED = "no grasp found", "no answer"
VERDICTS = (RIGHT, WRONG, MISSED, UNPLANNED, ABSTAINED, UNANSWERED)
_SENTENCES = 32  # drawn from the grammar until one of each sort is there


def main() -> int:
    """Run what is missing, then print and write everything."""
    args = parse()
    args.out.mkdir(parents=True, exist_ok=True)
    log = args.out / "episodes.jsonl"
    segmenter = load(args)
    settings = {name: getattr(args, name) for name in ("world", "seed", "variant", "size")}
    settings["weights_digest"] = segmenter.weights_digest
    done = read(log, settings)
    for scene in range(args.scenes):
        if scene in done:
            continue
        rows = run_scene(segmenter, args, scene, args.out / "tiles")
        with log.open("a") as file:
            file.write(json.dumps({"scene": scene, "episodes": rows}) + "\n")
        done[scene] = rows
        said = ", ".join(f"{row['masks']}: {row['verdict']}" for row in rows)
        print(f"scene {scene + 1}/{args.scenes}: {said}", flush=True)
    episodes = [row for scene in range(args.scenes) for row in done[scene]]
    result = summarise(episodes)
    print(tables(result))
    gallery(args.out / "tiles", args.out / "gallery", episodes)
    if args.video:
        film(segmenter, args)
    write(
        args.out / "closed_loop.json", "closed_loop", {"settings": settings, "scenes": args.scenes, **result}
    )
    return 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--world", choices=("tabletop", "bench"), default="tabletop")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--size", type=int, nargs=2, default=[640, 480], metavar=("W", "H"), help="of pictures"
    )
    parser.add_argument("--variant", default="ssp_sam_tiny")
    parser.add_argument("--weights", help="default: the variant's shipped weights")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--video", type=int, default=6, metavar="N", help="scenes in the film; 0: no film")
    parser.add_argument("--out", type=Path, default=Path("out/closed_loop"))
    return parser.parse_args()


def load(args: argparse.Namespace) -> Any:
    """The segmenter, warm."""
    from ssp_sam_ros import Segmenter

    segmenter = Segmenter.load(args.variant, args.weights, args.device)
    width, height = args.size
    segmenter.refer(segmenter.encode(np.zeros((height, width, 3), np.uint8)), ["the red mug"])
    return segmenter


def read(log: Path, settings: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    """Episodes of earlier runs by scene; begins the file where there is none.

    Raises:
        SystemExit: the file was written with other settings.
    """
    if not log.exists():
        log.write_text(json.dumps({"settings": settings}) + "\n")
    first, *rows = (json.loads(line) for line in log.read_text().splitlines())
    if first["settings"] != settings:
        raise SystemExit(f"{log} is of a run with {first['settings']}; give this one another --out")
    return {row["scene"]: row["episodes"] for row in rows}


def run_scene(segmenter: Any, args: argparse.Namespace, scene: int, tiles: Path) -> list[dict[str, Any]]:
    """Both sentences of one scene, each with both masks."""
    from ssp_sam_ros.sim.robot import RobotBench

    rows = []
    with RobotBench((args.seed, scene), args.world, *args.size) as bench:
        for sentence in chosen(bench):
            for masks in MASKS:
                bench.reset()
                row, mask = episode(segmenter, bench, sentence, masks)
                row["scene"] = scene
                rows.append(row)
                if masks == "model":
                    after = bench.look().image
                    tile(tiles / f"{scene:04d}_{row['sort']}.jpg", bench.first.image, after, mask, row)
    return rows


def chosen(bench: Any) -> list[Any]:
    """The scene's first sentence about exactly one object, and its first about none."""
    drawn = bench.sentences(_SENTENCES)
    picked = [next((s for s in drawn if len(s.targets) == count), None) for count in (1, 0)]
    return [sentence for sentence in picked if sentence is not None]


def episode(
    segmenter: Any, bench: Any, sentence: Any, masks: str, on_step: Callable[[float], None] | None = None
) -> tuple[dict[str, Any], np.ndarray | None]:
    """Sentence, mask, grasp, physics, verdict; also the mask that was acted upon, None if there is none."""
    segmenter.clear_caches()  # the scene's other sentence was about the same picture
    begun = time.perf_counter()
    mask, outcome = (answer if masks == "model" else truth)(segmenter, bench, sentence)
    seen = time.perf_counter()
    report, why = act(bench, mask, on_step) if mask is not None else (None, outcome)
    row: dict[str, Any] = {
        "masks": masks,
        "sentence": sentence.text,
        "kind": sentence.kind,
        "sort": "present" if sentence.targets else "absent",
        "outcome": outcome,
        "targets": [bench.name(k) for k in sentence.targets],
        "removed": [bench.name(k) for k in report["removed"]] if report else [],
        "why": why,
        "verdict": verdict(
            sentence.targets,
            bench.with_held(sentence.targets),
            outcome,
            None if report is None else report["removed"],
        ),
        "perception_s": seen - begun,
        **({k: report[k] for k in ("planning_s", "motion_s")} if report else {}),
    }
    if mask is not None and sentence.targets:
        wanted = bench.scene.mask(sentence.targets)
        row["iou"] = float((wanted & (mask != 0)).sum() / (wanted | (mask != 0)).sum())
    return row, mask


def answer(segmenter: Any, bench: Any, sentence: Any) -> tuple[np.ndarray | None, str]:
    """The model's mask and outcome."""
    frame = segmenter.encode(bench.first.image)
    (result,) = segmenter.refer(frame, [sentence.text])
    return (result.mask if result.outcome == "FOUND" else None), str(result.outcome)


def truth(_segmenter: Any, bench: Any, sentence: Any) -> tuple[np.ndarray | None, str]:
    """The simulator's mask."""
    if not sentence.targets:
        return None, "NO_TARGET"
    return bench.scene.mask(sentence.targets).astype(np.uint8), "FOUND"


def act(
    bench: Any, mask: np.ndarray, on_step: Callable[[float], None] | None
) -> tuple[dict[str, Any] | None, str]:
    """Plan and carry out; the report, or None and why there is no grasp."""
    from examples.top_grasp import CameraPose, NoGrasp, plan_top_grasp
    from ssp_sam_ros.session.points import Pinhole
    from ssp_sam_ros.sim.robot import UnreachableError

    camera = Pinhole(bench.focal_length, bench.focal_length, (bench.width - 1) / 2, (bench.height - 1) / 2)
    begun = time.perf_counter()
    try:
        grasp = plan_top_grasp(mask, bench.first.depth, camera, CameraPose(*bench.camera_in_world))
    except (NoGrasp, UnreachableError) as error:
        return None, str(error)
    planned = time.perf_counter() - begun
    report = bench.pick(grasp, on_step)
    return {"removed": report.removed, "planning_s": planned, "motion_s": report.seconds}, ""


def verdict(
    targets: tuple[int, ...], allowed: set[int], outcome: str, removed: tuple[int, ...] | None
) -> str:
    """One of `VERDICTS`: right only where the target, and at most what it held, has left the table.

    `removed` is None where the robot did not move.
    """
    if outcome == "NO_TARGET":
        return ABSTAINED
    if outcome != "FOUND":
        return UNANSWERED
    if removed is None:
        return UNPLANNED
    if not removed:
        return MISSED
    return RIGHT if targets and set(targets) <= set(removed) <= allowed else WRONG


def summarise(episodes: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts by masks and sort, by kind, and times."""
    counts = {
        masks: {
            sort: {
                v: sum(r["verdict"] == v for r in episodes if r["masks"] == masks and r["sort"] == sort)
                for v in VERDICTS
            }
            for sort in ("present", "absent")
        }
        for masks in MASKS
    }
    model = [r for r in episodes if r["masks"] == "model"]
    kinds = {
        kind: {v: sum(r["verdict"] == v for r in model if r["kind"] == kind) for v in VERDICTS}
        for kind in sorted({r["kind"] for r in model})
    }
    return {"counts": counts, "kinds": kinds, "times": {masks: times(episodes, masks) for masks in MASKS}}


def times(episodes: list[dict[str, Any]], masks: str) -> dict[str, dict[str, float]]:
    """Percentiles in seconds over the sentences about something that made the robot move."""
    acted = [r for r in episodes if r["masks"] == masks and r["sort"] == "present" and "motion_s" in r]
    if not acted:
        return {}
    stages = ("perception_s", "planning_s", "motion_s")
    series = {name: [float(r[name]) for r in acted] for name in stages}
    series["sentence_to_command_s"] = [r["perception_s"] + r["planning_s"] for r in acted]
    series["sentence_to_grasp_s"] = [sum(r[name] for name in stages) for r in acted]
    return {name: percentiles(values) for name, values in series.items()}


def tables(result: dict[str, Any]) -> str:
    """The tables for people."""
    rows = []
    for label, sort, verdict_ in (
        ("right object", "present", RIGHT),
        ("wrong object", "present", WRONG),
        ("missed grasp", "present", MISSED),
        ("no grasp found for the mask", "present", UNPLANNED),
        ("false abstention", "present", ABSTAINED),
        ("no answer", "present", UNANSWERED),
        ("correct abstention", "absent", ABSTAINED),
        ("took something that was not meant", "absent", WRONG),
        ("grasped, and got nothing", "absent", MISSED),
        ("no grasp found for the mask", "absent", UNPLANNED),
        ("no answer", "absent", UNANSWERED),
    ):
        cells = []
        for masks in MASKS:
            counts = result["counts"][masks][sort]
            cells.append(share(counts[verdict_], sum(counts.values())))
        rows.append([f"{sort}: {label}", *cells])
    kinds = [[kind, *(counts[v] for v in VERDICTS)] for kind, counts in result["kinds"].items()]
    measured = [
        [name.removesuffix("_s").replace("_", " "), masks, f"{t['p50']:.3f}", f"{t['p90']:.3f}"]
        for masks, by_name in result["times"].items()
        for name, t in by_name.items()
    ]
    return "\n\n".join(
        [
            table(["sentence about something: what happened", "model", "ground truth"], rows),
            table(["kind of sentence (model)", *VERDICTS], kinds),
            table(["seconds (motion: simulated, until closed)", "masks", "p50", "p90"], measured),
            f"{machine()['processor']}, load {machine()['load_before']}",
        ]
    )


def share(count: int, total: int) -> str:
    """Count, percent and 95 % Wilson interval."""
    if not total:
        return "-"
    z, p = 1.96, count / total
    middle, half = p + z * z / (2 * total), z * (p * (1 - p) / total + z * z / (4 * total**2)) ** 0.5
    low, high = (100 * (middle + sign * half) / (1 + z * z / total) for sign in (-1, 1))
    return f"{count}/{total}: {100 * p:.1f} % [{low:.1f}, {high:.1f}]"


def film(segmenter: Any, args: argparse.Namespace) -> None:
    """Episodes of the first scenes again, with the model's masks, as a video."""
    from ssp_sam_ros.sim.robot import RobotBench

    with Film(args.out / "episodes.mp4", tuple(args.size)) as video:
        for scene in range(min(args.video, args.scenes)):
            with RobotBench((args.seed, scene), args.world, *args.size) as bench:
                for sentence in chosen(bench):
                    bench.reset()
                    video.begin(bench, sentence.text)
                    mask, outcome = answer(segmenter, bench, sentence)
                    video.say(outcome, mask)
                    row, _ = episode(segmenter, bench, sentence, "model", video.step)
                    video.end(row)
    print(f"written: {args.out / 'episodes.mp4'}")


if __name__ == "__main__":
    sys.exit(main())
