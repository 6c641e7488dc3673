"""Python and this package."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path

from ssp_sam_ros.doctor.check import Check, Level

OLDEST = (3, 10)
TESTED = ((3, 10), (3, 13))
"""First and last version that the tests are run with."""


def check_python() -> list[Check]:
    """Python's version, and which installation of the package is running."""
    version = sys.version_info[:2]
    text = (
        f"{platform.python_version()} at {sys.executable}; "
        f"ssp_sam_ros {_package_version()} in {Path(__file__).resolve().parents[1]}"
    )
    details = {"version": platform.python_version(), "executable": sys.executable}
    if version < OLDEST:
        advice = f"install Python {OLDEST[0]}.{OLDEST[1]} or newer and set up again with scripts/setup.sh"
        return [Check("python", Level.FAIL, text, advice, details)]
    if not TESTED[0] <= version <= TESTED[1]:
        advice = "untested with this version: if something fails, try {}.{}".format(*TESTED[1])
        return [Check("python", Level.WARN, text, advice, details)]
    return [Check("python", Level.OK, text, details=details)]


def _package_version() -> str:
    try:
        return metadata.version("ssp_sam_ros")
    except metadata.PackageNotFoundError:
        return "(not installed, source tree)"
