"""`ssp-sam camera`: publishes pictures on the ROS 2 graph, without a ROS install."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ssp_sam_ros.cli.option_types import picture_count, picture_size, pictures_a_second

if TYPE_CHECKING:
    import threading

    from ssp_sam_ros.cli.camera_sources import Pixels, Source
    from ssp_sam_ros.dds.participant import Publisher

HELP = "publish pictures of a folder, a video, a device or the simulated tabletop"
TAKES_ROS_ARGUMENTS = True

_PATIENCE = 10.0  # seconds that a source with an end waits for somebody to look at it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--source", required=True, help="folder of pictures, video file, number of a video device, or 'sim'"
    )
    parser.add_argument(
        "--rate", type=pictures_a_second, help="pictures a second (default: the source's own, else 10)"
    )
    parser.add_argument(
        "--size", type=picture_size, help="WIDTHxHEIGHT (default: the source's own; sim: 640x480)"
    )
    parser.add_argument("--topic", default="camera/image_raw", help="topic name (default: %(default)s)")
    parser.add_argument("--frame-id", default="camera_optical_frame", help="frame of the pictures")
    parser.add_argument("--compressed", action="store_true", help="send JPEGs on TOPIC/compressed instead")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulated scene")
    parser.add_argument(
        "--world", choices=("tabletop", "bench"), default="tabletop", help="which one is simulated"
    )
    ending = parser.add_mutually_exclusive_group()
    ending.add_argument("--loop", action="store_true", default=True, help="start over at the end (default)")
    ending.add_argument(
        "--once", dest="loop", action="store_false", help="one pass, begun when somebody subscribes"
    )
    ending.add_argument(
        "--count", type=picture_count, metavar="N", help="N pictures, begun when somebody subscribes"
    )


def run(args: argparse.Namespace) -> int:
    """Publish until the end of the source or a signal."""
    import logging
    import sys
    import time

    from ssp_sam_ros.cli.camera_sources import open_source
    from ssp_sam_ros.cli.runtime import set_up_logging, stop_on_signals
    from ssp_sam_ros.dds.participant import Participant
    from ssp_sam_ros.interface.qos import QoS
    from ssp_sam_ros.interface.ros_arguments import RosArguments

    if args.source == "sim" and args.size:
        from ssp_sam_ros.sim.sizes import check_size

        try:
            check_size(args.size)
        except ValueError as error:
            print(f"ssp-sam camera: error: argument --size: {error}", file=sys.stderr)
            return 2
    ros = args.ros or RosArguments()
    names = ros.names_for("camera")
    set_up_logging(names.full_name, ros)
    log = logging.getLogger("ssp_sam")
    stop = stop_on_signals()
    source = open_source(args.source, args.size, args.seed, args.world)
    if not args.loop and source.endless:
        raise ValueError(f"--once needs a source with an end, not {source.name}; --count N ends any")
    rate = args.rate or source.rate
    kind = "CompressedImage" if args.compressed else "Image"
    topic = names.resolve(f"{args.topic}/compressed" if args.compressed else args.topic)

    sent = 0
    with Participant(names) as participant:
        publisher = participant.publisher(topic, f"sensor_msgs/msg/{kind}", QoS("reliable", depth=5))
        participant.announce()
        log.info("%s on %s (sensor_msgs/msg/%s) at %.4g Hz", source.name, topic, kind, rate)
        if args.count or not args.loop:
            _wait_for_subscription(publisher, stop)
        due = time.monotonic()
        for picture in _passes(source, rate, loop=args.loop):
            if stop.wait(max(0.0, due - time.monotonic())) or sent == args.count:
                break
            publisher.publish(_message(picture, args.frame_id, args.compressed))
            sent += 1
            due = max(due + 1.0 / rate, time.monotonic() - 1.0 / rate)  # late: go on from here, no burst
        if args.count or not args.loop:
            stop.wait(1.0 / rate)  # the last picture is still on its way
        log.info(
            "sent %d pictures, %d of them to a subscriber too slow to take them", sent, publisher.undelivered
        )
    return 0


def _passes(source: Source, rate: float, loop: bool) -> Iterator[Pixels]:
    """One pass, or one after the other; ValueError where one has no picture (else this would spin)."""
    more = True
    while more:
        count = 0
        for picture in source.pictures(rate):
            count += 1
            yield picture
        if not count:
            raise ValueError(f"{source.name}: there is no picture to send (any more)")
        more = loop


def _wait_for_subscription(publisher: Publisher, stop: threading.Event) -> None:
    import time

    deadline = time.monotonic() + _PATIENCE
    while not publisher.subscriptions() and time.monotonic() < deadline and not stop.wait(0.02):
        pass


def _message(picture: Pixels, frame_id: str, compressed: bool) -> Any:
    from ssp_sam_ros.dds.messages import make
    from ssp_sam_ros.interface.image_codec import compressed_fields, image_fields
    from ssp_sam_ros.session.clock import system_clock
    from ssp_sam_ros.session.messages import MessageBuilder

    builder = MessageBuilder(make)
    header = builder.header(system_clock(), frame_id)
    if compressed:
        return make("sensor_msgs/msg/CompressedImage", header=header, **compressed_fields(picture))
    return make("sensor_msgs/msg/Image", header=header, **image_fields(picture))
