"""The robot: a gantry with slides along x, y and z, a hinge about z, and a gripper with two parallel fingers.

Joint values are the pose of the point between the finger tips, so that no inverse kinematics is needed.
"""

from __future__ import annotations

from typing import Any

from .grasp import FINGER, FINGER_THICKNESS, FINGER_WIDTH, PALM_LENGTH, PALM_WIDTH, STROKE

JOINTS = ("x", "y", "z", "yaw", "fingers")
SQUEEZE = 15.0
"""Newtons of each finger."""

_ALUMINIUM, _DARK, _RUBBER = (0.72, 0.73, 0.75, 1.0), (0.16, 0.17, 0.19, 1.0), (0.09, 0.09, 0.10, 1.0)
_LIMIT = 2.5  # metres


def add_gantry(mujoco: Any, spec: Any) -> list[str]:
    """Add the robot to a model; returns the names of the geoms that show it."""
    slide, hinge, box = mujoco.mjtJoint.mjJNT_SLIDE, mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtGeom.mjGEOM_BOX
    names: list[str] = []

    def geom(body: Any, name: str, pos: list[float], size: list[float], rgba: tuple[float, ...]) -> None:
        touching = (
            dict(friction=[1.1, 0.02, 0.001], condim=4, solref=[0.006, 1.0])
            if name.startswith("finger")
            else {}
        )
        body.add_geom(name=name, type=box, pos=pos, size=size, rgba=list(rgba), mass=0.3, **touching)
        names.append(name)

    body = spec.worldbody
    for name, axis in (("x", [1, 0, 0]), ("y", [0, 1, 0]), ("z", [0, 0, 1]), ("yaw", [0, 0, 1])):
        body = body.add_body(name=f"gantry_{name}", gravcomp=1.0, mass=0.5, inertia=[1e-3] * 3)
        body.explicitinertial = True
        low, high = (-0.02, 1.0) if name == "z" else (-_LIMIT, _LIMIT)
        body.add_joint(
            name=name, type=hinge if name == "yaw" else slide, axis=axis, range=[low, high], armature=0.02
        )
    palm = body.add_body(name="palm", gravcomp=1.0)
    geom(palm, "palm", [0, 0, FINGER + 0.02], [PALM_WIDTH / 2, PALM_LENGTH / 2, 0.02], _DARK)
    geom(palm, "column", [0, 0, FINGER + 0.34], [0.018, 0.018, 0.30], _ALUMINIUM)
    for name, side in (("left", 1), ("right", -1)):
        finger = palm.add_body(name=f"finger_{name}", gravcomp=1.0)
        finger.add_joint(
            name=f"finger_{name}", type=slide, axis=[0, side, 0], range=[0, STROKE / 2], damping=2.0
        )
        at = side * FINGER_THICKNESS / 2
        half = [FINGER_WIDTH / 2, FINGER_THICKNESS / 2, FINGER / 2]
        geom(finger, f"finger_{name}", [0, at, FINGER / 2], half, _RUBBER)
    same = spec.add_equality(name="fingers", type=mujoco.mjtEq.mjEQ_JOINT)
    same.objtype = mujoco.mjtObj.mjOBJ_JOINT
    same.name1, same.name2 = "finger_right", "finger_left"
    same.data[:5] = [0, 1, 0, 0, 0]
    for name, joint, stiffness, damping, force in (
        ("x", "x", 9000.0, 360.0, 800.0),
        ("y", "y", 9000.0, 360.0, 800.0),
        ("z", "z", 9000.0, 360.0, 400.0),
        ("yaw", "yaw", 60.0, 3.0, 20.0),
        ("fingers", "finger_left", 3000.0, 90.0, 2 * SQUEEZE),
    ):
        motor = spec.add_actuator(name=name, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.set_to_position(kp=stiffness, kv=damping)
        motor.forcerange, motor.forcelimited = [-force, force], mujoco.mjtLimited.mjLIMITED_TRUE
    return names
