"""Pictures from messages: by cv_bridge where it works, else by the codec that needs no ROS."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ssp_sam_ros.interface.image_codec import decode_array, decode_compressed, decode_rgb, image_fields
from ssp_sam_ros.ros.messages import make

Decode = Callable[[Any], NDArray[np.uint8]]

log = logging.getLogger("ssp_sam")


def picture_decoder(transport: str) -> Decode:
    """The function that turns the messages of parameter `image_transport` into RGB pictures."""
    return decode_compressed if transport == "compressed" else raw_decoder()


def raw_decoder() -> Decode:
    """The function that turns sensor_msgs/Image into (height, width, 3) uint8 RGB.

    It raises ValueError where it cannot.
    """
    bridge = _working_bridge()
    if bridge is None:
        return decode_rgb

    def decode(message: Any) -> NDArray[np.uint8]:
        array = decode_array(message)  # says what is wrong with a message; cv_bridge reads past its end
        # cv_bridge misreads rows that are padded by less than a pixel, and big-endian data with NumPy 2.
        if message.is_bigendian or message.step * message.height != array.nbytes:
            return decode_rgb(message)
        try:
            return np.asarray(bridge(message, "rgb8"), dtype=np.uint8)
        except (RuntimeError, TypeError, KeyError, AttributeError):  # CvBridgeError is a TypeError
            return decode_rgb(message)

    return decode


def _working_bridge() -> Callable[[Any, str], Any] | None:
    """cv_bridge's conversion, None where it cannot be used.

    Its compiled part does not load in every environment (NumPy 2 beside a build for NumPy 1), so it is tried
    out on one pixel.
    """
    try:
        from cv_bridge import CvBridge

        convert = CvBridge().imgmsg_to_cv2
        pixel = make("sensor_msgs/msg/Image", **image_fields(np.array([[[1, 2, 3]]], np.uint8)))
        if convert(pixel, "bgr8").tolist() != [[[3, 2, 1]]]:
            raise ImportError("cv_bridge converts wrongly")
    except Exception as error:
        # Broad on purpose: what a module built for another NumPy raises is not one kind of error.
        log.info("pictures are converted without cv_bridge (%s: %s)", type(error).__name__, error)
        return None
    return convert
