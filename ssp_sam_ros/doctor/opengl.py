"""Whether the simulator can render."""

from __future__ import annotations

import subprocess
import sys

from ssp_sam_ros.doctor.check import Check, Level

_PATIENCE = 90.0  # seconds

# In a process of its own: a broken driver ends the process, or never comes back.
_RENDER = """
import os
import sys
from ssp_sam_ros.sim import SimulatorUnavailableError, Tabletop
try:
    picture = Tabletop(seed=0, width=32, height=24).scene().image
except SimulatorUnavailableError as error:
    sys.exit(str(error))
print(os.environ.get("MUJOCO_GL") or "display")
print("blank" if picture.min() == picture.max() else "drawn")
"""


def check_opengl() -> list[Check]:
    """Draw a small scene. Only the simulator needs it: what is wrong is a warning."""
    advice = "only the simulator needs this: Debian packages libegl1 libgl1-mesa-dri libgles2, MUJOCO_GL=egl"
    try:
        done = subprocess.run(
            [sys.executable, "-c", _RENDER], capture_output=True, text=True, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        text = f"the simulator has drawn nothing within {_PATIENCE:.0f} s"
        return [Check("opengl", Level.WARN, text, advice)]
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    if done.returncode:
        return [Check("opengl", Level.WARN, f"the simulator does not draw: {lines[-1]}", advice)]
    backend, state = done.stdout.split()[-2:]
    if state == "blank":
        return [Check("opengl", Level.WARN, f"the simulator's picture is blank ({backend})", advice)]
    return [Check("opengl", Level.OK, f"the simulator draws ({backend})", details={"backend": backend})]
