"""Whether a ROS 2 installation is at hand. The node without ROS needs none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from ssp_sam_ros.doctor.check import Check, Level

_INSTALLATIONS = Path("/opt/ros")
_OURS = "rmw_cyclonedds_cpp"


def check_ros(
    environment: Mapping[str, str] = os.environ, installations: Path = _INSTALLATIONS
) -> list[Check]:
    """The distribution, whether rclpy and this project's messages import, and which middleware it uses.

    Args:
        environment: of the process.
        installations: folder in which distributions are installed.
    """
    distribution = environment.get("ROS_DISTRO", "")
    found = sorted(path.parent.name for path in installations.glob("*/setup.bash"))
    rclpy, messages = (find_spec(name) is not None for name in ("rclpy", "ssp_sam_msgs"))
    details: dict[str, object] = {
        "distribution": distribution,
        "installed": found,
        "rclpy": rclpy,
        "ssp_sam_msgs": messages,
    }
    if not distribution and not rclpy:
        if not found:
            text = "not found; `ssp-sam node`, `camera` and `say` need none"
            return [Check("ros", Level.OK, text, details=details)]
        text = f"{', '.join(found)} installed, but not sourced"
        advice = f"for the node of ROS: source {installations / found[-1] / 'setup.bash'}"
        return [Check("ros", Level.WARN, text, advice, details)]
    text = f"{distribution or 'ROS_DISTRO not set'}, rclpy {'imports' if rclpy else 'does not import'}"
    checks = []
    if not rclpy:
        advice = "use the Python that ROS was built for, or a venv with --system-site-packages of it"
        checks.append(Check("ros", Level.WARN, text, advice, details))
    elif not messages:
        advice = "build and source the workspace: colcon build --base-paths src src/ssp_sam_ros/msg"
        checks.append(Check("ros", Level.WARN, f"{text}, ssp_sam_msgs does not", advice, details))
    else:
        checks.append(Check("ros", Level.OK, f"{text}, ssp_sam_msgs imports", details=details))
    middleware = environment.get("RMW_IMPLEMENTATION", "")
    if middleware != _OURS:
        text = f"ROS nodes here use {middleware or 'the distribution’s default middleware'}"
        advice = f"the node without ROS is made for {_OURS}: export RMW_IMPLEMENTATION={_OURS}"
        checks.append(Check("middleware", Level.WARN, text, advice, {"rmw": middleware}))
    return checks
