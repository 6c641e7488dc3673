"""`ssp-sam sim`: a simulated robot with an RGB-D camera on the ROS 2 graph, without a ROS install."""

from __future__ import annotations

import argparse

from ssp_sam_ros.cli.option_types import pictures_a_second, simulated_picture_size

HELP = "a simulated bench: a camera with depth, and a gantry with a gripper that takes commands"
TAKES_ROS_ARGUMENTS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "Topics and what a grasp command looks like: docs/closed_loop.md"
    parser.add_argument("--world", choices=("tabletop", "bench"), default="tabletop", help="which objects")
    parser.add_argument("--seed", type=int, default=0, help="of the scene")
    parser.add_argument(
        "--size", type=simulated_picture_size, default=(640, 480), help="WIDTHxHEIGHT (default: 640x480)"
    )
    parser.add_argument(
        "--rate", type=pictures_a_second, default=10.0, help="pictures a second (default: %(default)g)"
    )
    parser.add_argument("--frame-id", default="camera_optical_frame", help="frame of the pictures")


def run(args: argparse.Namespace) -> int:
    """Publish pictures and carry out grasps until a signal."""
    import logging

    from ssp_sam_ros.cli.runtime import interrupt_on_signals, set_up_logging, stop_on_signals
    from ssp_sam_ros.cli.sim_robot import SimulatedRobot, Stopped
    from ssp_sam_ros.dds.participant import Participant
    from ssp_sam_ros.interface.ros_arguments import RosArguments
    from ssp_sam_ros.sim.robot import RobotBench

    ros = args.ros or RosArguments()
    names = ros.names_for("sim")
    set_up_logging(names.full_name, ros)
    log = logging.getLogger("ssp_sam")
    interrupt_on_signals()
    with RobotBench(args.seed, args.world, *args.size) as bench, Participant(names) as participant:
        stop = stop_on_signals()  # only now is there somebody who looks at it
        robot = SimulatedRobot(bench, participant, args.rate, args.frame_id, stop)
        objects = ", ".join(bench.name(k) for k in range(len(bench.scene.objects)))
        log.info("simulated %s, seed %d, at %.4g Hz: %s", args.world, args.seed, args.rate, objects)
        try:
            robot.run()
        except Stopped:
            log.info("stopped")
    return 0
