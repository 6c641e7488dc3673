"""What this node looks like from outside, as data: topics, QoS, parameters, names, picture encodings.

Both ways of running (rclpy, and DDS without a ROS install) read these tables; nothing here talks to either.
"""

from ssp_sam_ros.interface.parameters import PARAMETERS, Parameters, ParameterSpec
from ssp_sam_ros.interface.qos import QoS
from ssp_sam_ros.interface.topics import NODE_NAME, SERVICES, TOPICS, Direction, Service, Topic

__all__ = [
    "NODE_NAME",
    "PARAMETERS",
    "SERVICES",
    "TOPICS",
    "Direction",
    "ParameterSpec",
    "Parameters",
    "QoS",
    "Service",
    "Topic",
]
