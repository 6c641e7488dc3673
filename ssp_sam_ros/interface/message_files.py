"""Where this project's own messages lie: `msg/` in a source tree, package data once installed."""

from __future__ import annotations

from pathlib import Path

MESSAGE_PACKAGE = "ssp_sam_msgs"

_INSTALLED = Path(__file__).parent / MESSAGE_PACKAGE
_SOURCE = Path(__file__).parents[2] / "msg"


def message_folder() -> Path:
    """The folder that holds `msg/*.msg` and `srv/*.srv` of ssp_sam_msgs.

    Raises:
        FileNotFoundError: the installation lacks them.
    """
    for folder in (_INSTALLED, _SOURCE):
        if (folder / "msg").is_dir():
            return folder
    raise FileNotFoundError(
        f"the message definitions of {MESSAGE_PACKAGE} are neither at {_INSTALLED} nor at {_SOURCE}; "
        "the installation is incomplete, install ssp_sam_ros again"
    )


def message_texts() -> dict[str, str]:
    """Message definitions by full name, e.g. `ssp_sam_msgs/msg/ReferringResult`."""
    return {
        f"{MESSAGE_PACKAGE}/msg/{path.stem}": path.read_text(encoding="utf-8")
        for path in sorted((message_folder() / "msg").glob("*.msg"))
    }
