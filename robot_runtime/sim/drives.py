"""Drives of the simulated robot that take velocities, setpoints for a PD, or efforts."""

from dataclasses import dataclass

from robot_runtime.runtime.command_kinds import (
    effort_names,
    setpoint_joints,
    setpoint_names,
    velocity_names,
)
from robot_runtime.runtime.robot_file import RobotFile
from robot_runtime.sim.cell import Cell

STIFFNESS_S = 0.1  # of a position drive's kp: such a drive is some milliseconds behind


@dataclass(frozen=True, slots=True)
class Taken:
    """Names of the joints that take something else than positions along a trajectory."""

    rates: tuple[str, ...] = ()
    setpoints: tuple[str, ...] = ()
    efforts: tuple[str, ...] = ()


def take(cell: Cell, robot: RobotFile | None) -> Taken:
    """
    Make drives follow what the robot's joints take, and return which these are.

    The cell is then one of such a robot for good. None: all take positions.
    """
    if robot is None:
        return Taken()
    return Taken(
        _take_velocities(cell, robot), _take_setpoints(cell, robot), _take_efforts(cell, robot)
    )


def _take_velocities(cell: Cell, robot: RobotFile) -> tuple[str, ...]:
    """Make drives follow velocities and no positions; return names."""
    model, names = cell.scene.model, velocity_names(robot)
    most = robot.published_limits().velocity
    for name in names:
        drive, fastest = cell.scene.joint_names.index(name), most[robot.joint_names.index(name)]
        gain = STIFFNESS_S * float(model.actuator_gainprm[drive, 0])
        model.actuator_gainprm[drive, 0] = gain
        model.actuator_biasprm[drive, :3] = (0.0, 0.0, -gain)
        model.actuator_ctrlrange[drive] = (-fastest, fastest)
    return names


def _take_setpoints(cell: Cell, robot: RobotFile) -> tuple[str, ...]:
    """Give drives the gains of the robot file where the robot takes setpoints; return names."""
    joints, names, model = setpoint_joints(robot), setpoint_names(robot), cell.scene.model
    for place, name in enumerate(names):
        assert joints is not None
        drive, stiffness = cell.scene.joint_names.index(name), joints.stiffness[place]
        model.actuator_gainprm[drive, 0] = stiffness
        model.actuator_biasprm[drive, :3] = (0.0, -stiffness, -joints.damping[place])
    return names


def _take_efforts(cell: Cell, robot: RobotFile) -> tuple[str, ...]:
    """
    Make drives push by what they are told, and return names.

    Beside that they carry the weight of the arm, as all drives of the scene do and as those of
    the real arm do: MuJoCo adds it (`gravcomp`), and the measured effort has both.
    """
    names, model = effort_names(robot), cell.scene.model
    for name in names:
        drive = cell.scene.joint_names.index(name)
        most = robot.joints[robot.joint_names.index(name)].effort
        model.actuator_gainprm[drive, 0] = 1.0
        model.actuator_biasprm[drive, :3] = 0.0
        model.actuator_ctrlrange[drive] = (-most, most) if most else (0.0, 0.0)
    return names
