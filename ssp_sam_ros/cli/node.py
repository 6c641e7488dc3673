"""`ssp-sam node`: the perception node on a ROS 2 graph, without a ROS install."""

from __future__ import annotations

import argparse

HELP = "run the perception node on the ROS 2 graph (DDS; no ROS install needed)"
TAKES_ROS_ARGUMENTS = True

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

    from ssp_sam_ros.engine.loading import load

    log.info("loading %s", parameters.text("model"))
    try:
        loaded = load(parameters)
    except KeyboardInterrupt:
        logging.shutdown()
        os._exit(1)  # an orderly exit would tear torch down under the loading thread's hands
    stop = stop_on_signals()
    node = PerceptionNode(
        names.with_default_remaps(default_remaps()),
        parameters,
        loaded.segmenter,
        loaded.draw_overlay,
        loaded.health,
    )
    log.info("ready: %s", loaded.summary)
    try:
        node.spin(stop)
    finally:
        done = node.close()
    if not done:
        log.warning("ending in the middle of a picture")
        logging.shutdown()
        os._exit(0)  # an orderly exit would tear the network down under the worker's hands
    return 0
