"""The choice of MuJoCo's OpenGL backend, and one place that imports MuJoCo."""

from __future__ import annotations

import os
import sys
from types import ModuleType

HELP = (
    "install the simulator extra (pip install mujoco) and Mesa's EGL "
    "(Debian: libegl1 libgl1-mesa-dri libgles2)"
)


class SimulatorUnavailableError(RuntimeError):
    """MuJoCo or an off-screen OpenGL is missing on this machine."""


def import_mujoco() -> ModuleType:
    """MuJoCo, with MUJOCO_GL=egl where nothing is chosen and there is no display.

    Raises:
        SimulatorUnavailableError: MuJoCo is not installed, or the chosen OpenGL backend does not load.
    """
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ.setdefault("MUJOCO_GL", "egl")
    try:
        import mujoco
        import mujoco.renderer  # loads the OpenGL backend, which plain `mujoco` leaves for later
    except (ImportError, OSError, AttributeError, RuntimeError) as error:
        # PyOpenGL ends in an AttributeError where the EGL library is missing.
        raise SimulatorUnavailableError(f"the simulator does not start here ({error}): {HELP}") from error
    return mujoco
