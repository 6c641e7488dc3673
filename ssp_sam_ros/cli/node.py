"""`ssp-sam node`: the perception node on a ROS 2 graph, without a ROS install."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_sam_ros.interface import Parameters
    from ssp_sam_ros.perception.segmenter import Segmenter

HELP = "run the perception node on the ROS 2 graph (DDS; no ROS install needed)"
TAKES_ROS_ARGUMENTS = True

# A stream hardly ever shows a picture twice: enough for the last few, also of the largest model (4 MiB each).
_IMAGE_CACHE_BYTES = 32 * 2**20
_SHORTHANDS = ("model", "weights", "device", "dtype")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Shorthands for parameters; all others go after --ros-args."""
    parser.add_argument(
        "--model", help="variant: ssp_sam_tiny (default), ssp_sam_224, ssp_sam_336 or a JSON file"
    )
    parser.add_argument(
        "--weights", help="weights file, or 'random' (default: those shipped with the variant)"
    )
    parser.add_argument("--device", help="auto (default), cpu, cuda or cuda:N")
    parser.add_argument("--dtype", help="auto (default), float32, bfloat16 or float16")


def run(args: argparse.Namespace) -> int:
    """Load, warm up, join the graph, answer until a signal comes."""
    import logging
    import os

    from ssp_sam_ros.cli.runtime import interrupt_on_signals, set_up_logging, stop_on_signals
    from ssp_sam_ros.dds.node import PerceptionNode
    from ssp_sam_ros.interface import NODE_NAME, Parameters
    from ssp_sam_ros.interface.endpoints import default_remaps
    from ssp_sam_ros.interface.ros_arguments import RosArguments

    ros = args.ros or RosArguments()
    names = ros.names_for(NODE_NAME)
    set_up_logging(names.full_name, ros)
    log = logging.getLogger("ssp_sam")
    overrides = ros.parameters_for(names)
    overrides.update({name: value for name in _SHORTHANDS if (value := getattr(args, name)) is not None})
    parameters = Parameters.from_overrides(overrides)
    interrupt_on_signals()  # loading may take long and has nothing to clean up

    from ssp_sam_ros.perception.drawing import draw_overlay
    from ssp_sam_ros.perception.threads import in_own_thread, use_threads

    log.info("loading %s", parameters.text("model"))
    use_threads(parameters.count("threads"))
    try:
        segmenter = in_own_thread(lambda: _load(parameters))
    except KeyboardInterrupt:
        logging.shutdown()
        os._exit(1)  # an orderly exit would tear torch down under the loading thread's hands
    stop = stop_on_signals()
    node = PerceptionNode(names.with_default_remaps(default_remaps()), parameters, segmenter, draw_overlay)
    log.info(
        "ready: %s, weights %s, on %s in %s",
        segmenter.model_name,
        segmenter.weights_digest[:12],
        segmenter.device,
        str(segmenter.dtype).removeprefix("torch."),
    )
    try:
        node.spin(stop)
    finally:
        done = node.close()
    if not done:
        log.warning("ending in the middle of a picture")
        logging.shutdown()
        os._exit(0)  # an orderly exit would tear the network down under the worker's hands
    return 0


def _load(parameters: Parameters) -> Segmenter:
    from ssp_sam_ros.perception.segmenter import Segmenter

    segmenter = Segmenter.load(
        parameters.text("model"),
        parameters.text("weights") or None,
        device=parameters.text("device"),
        dtype=parameters.text("dtype"),
        image_cache_bytes=_IMAGE_CACHE_BYTES,
    )
    segmenter.warm_up()
    return segmenter
