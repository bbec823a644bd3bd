"""Drives of the simulated robot that take velocities, or setpoints of a PD of their own."""

from robot_runtime.runtime.command_kinds import setpoint_joints, setpoint_names, velocity_names
from robot_runtime.runtime.robot_file import RobotFile
from robot_runtime.sim.cell import Cell

STIFFNESS_S = 0.1  # of a position drive's kp: such a drive is some milliseconds behind


def take_velocities(cell: Cell, robot: RobotFile) -> tuple[str, ...]:
    """
    Make drives follow velocities and no positions where the robot takes velocities.

    Return the names of these joints. The cell is then one of such a robot for good.
    """
    model, names = cell.scene.model, velocity_names(robot)
    most = robot.published_limits().velocity
    for name in names:
        drive, fastest = cell.scene.joint_names.index(name), most[robot.joint_names.index(name)]
        gain = STIFFNESS_S * float(model.actuator_gainprm[drive, 0])
        model.actuator_gainprm[drive, 0] = gain
        model.actuator_biasprm[drive, :3] = (0.0, 0.0, -gain)
        model.actuator_ctrlrange[drive] = (-fastest, fastest)
    return names


def take_setpoints(cell: Cell, robot: RobotFile) -> tuple[str, ...]:
    """Give drives the gains of the robot file where the robot takes setpoints; return names."""
    joints, names, model = setpoint_joints(robot), setpoint_names(robot), cell.scene.model
    for place, name in enumerate(names):
        assert joints is not None
        drive, stiffness = cell.scene.joint_names.index(name), joints.stiffness[place]
        model.actuator_gainprm[drive, 0] = stiffness
        model.actuator_biasprm[drive, :3] = (0.0, -stiffness, -joints.damping[place])
    return names
