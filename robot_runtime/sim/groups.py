"""Groups of simulated joints, as a robot's controllers have them: a driver and a witness each."""

from dataclasses import dataclass

import numpy as np
from robot_runtime.core.types import Floats, Motion
from robot_runtime.sim import witness
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.driver import Driver, OnTimeout
from robot_runtime.sim.drives import Taken
from robot_runtime.sim.effort_driver import EffortDriver
from robot_runtime.sim.effort_witness import EffortWitness
from robot_runtime.sim.touch import ToolPlace
from robot_runtime.sim.velocity_driver import VelocityDriver
from robot_runtime.sim.velocity_witness import VelocityWitness

ARM_JOINTS = 7
FR3 = tuple(f'fr3_joint{k + 1}' for k in range(ARM_JOINTS))
DECELERATION = 10.0  # [rad/s^2] of the drivers' own stop
FINGER_DECELERATION = 2.0  # [m/s^2]
NOTHING = Taken()


@dataclass(frozen=True, slots=True, eq=False)
class JointGroup:
    """Joints that one controller drives; a witness only where their datasheet is known."""

    name: str
    joint_names: tuple[str, ...]
    joints: slice
    driver: Driver | VelocityDriver | EffortDriver
    witness: witness.CommandWitness | VelocityWitness | EffortWitness | None
    rates: bool = False  # whether it takes velocities

    def taken(self, motion: Motion) -> Floats:
        """Return what this group takes of a motion of all joints."""
        values = motion.velocity if self.rates else motion.position
        return values[self.joints]


def groups_of(
    cell: Cell,
    period_s: float,
    timeout_s: float = 0.05,
    on_timeout: OnTimeout = 'decelerate',
    scale: float = 1.0,
    space: bool = False,
    taken: Taken = NOTHING,
) -> tuple[JointGroup, ...]:
    """
    Return the arm and the gripper; `scale` is the share of published limits to judge by.

    With `space` the place of the tool is judged as well. A group takes velocities or efforts if
    its joints are `taken` so; of setpoints its driver stays at the last one when commands end.
    """
    names = cell.scene.joint_names
    arm = ARM_JOINTS if names[:ARM_JOINTS] == FR3 else len(names)
    wanted = [('arm_controller', slice(0, arm), DECELERATION, witness.arm_datasheet(scale))]
    if arm < len(names):
        sheet = witness.finger_datasheet(scale)
        rest = slice(arm, len(names))
        wanted.append(('gripper_controller', rest, FINGER_DECELERATION, sheet))
    ranges = cell.scene.model.actuator_ctrlrange
    made = []
    for name, joints, deceleration, sheet in wanted:
        count = joints.stop - joints.start
        mine = set(names[joints])
        if mine <= set(taken.efforts):
            made.append(_pushed(cell, name, joints, timeout_s, on_timeout, scale))
            continue
        if mine <= set(taken.rates):
            faster = VelocityDriver(
                ranges[joints, 1], np.full(count, deceleration), timeout_s, on_timeout
            )
            seer = VelocityWitness(sheet) if is_fr3(cell) else None
            made.append(JointGroup(name, names[joints], joints, faster, seer, rates=True))
            continue
        held = mine <= set(taken.setpoints)
        sheet = witness.setpoint_datasheet(scale) if held else sheet
        driver = Driver(
            cell.home[joints], ranges[joints, 0], ranges[joints, 1],
            np.full(count, deceleration), period_s, timeout_s, 'hold' if held else on_timeout,
        )  # fmt: skip
        tool = ToolPlace(cell, joints) if space and count == ARM_JOINTS else None
        judge = witness.CommandWitness(sheet, tool) if is_fr3(cell) else None
        made.append(JointGroup(name, names[joints], joints, driver, judge))
    return tuple(made)


def _pushed(
    cell: Cell, name: str, joints: slice, timeout_s: float, on_timeout: OnTimeout, scale: float
) -> JointGroup:
    """Return a group that takes efforts."""
    most, dof = cell.scene.model.actuator_ctrlrange[joints, 1], cell.scene.dof[joints]
    driver = EffortDriver(most, lambda: cell.data.qvel[dof], timeout_s, on_timeout)
    seer = EffortWitness(scale) if is_fr3(cell) else None
    return JointGroup(name, cell.scene.joint_names[joints], joints, driver, seer)


def measured_witness(cell: Cell) -> witness.MeasuredWitness | None:
    """Return the witness of measured motion; None for a robot whose datasheet is not known."""
    if not is_fr3(cell):
        return None
    return witness.MeasuredWitness(witness.arm_datasheet(), witness.finger_datasheet())


def is_fr3(cell: Cell) -> bool:
    """Return whether the cell holds the arm and the gripper that the witness knows."""
    names = cell.scene.joint_names
    return names[:ARM_JOINTS] == FR3 and len(names) == ARM_JOINTS + 1
