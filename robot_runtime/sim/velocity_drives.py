"""Velocity drives: joints of the simulated robot that are told how fast to go."""

from robot_runtime.runtime.command_kinds import velocity_names
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
