"""Poses of a tool made into joints: rows of ee_pose and ee_delta, each from the one before it."""

from pathlib import Path
from typing import Any

import numpy as np
from robot_runtime.core.types import Floats
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.policy_card import Output
from robot_runtime.runtime.robot_file import RobotFile
from robot_runtime.runtime.urdf_model import import_pinocchio, load_model

STEPS = 100  # of Newton's method; about six are used
STEP = 0.2  # [rad] most in one of them
DAMPING = 1e-4  # squared; what keeps a stretched arm from turning wildly
NEAR_M, NEAR_RAD = 1e-4, 1e-3
UNIT = 0.01  # by which the length of a quaternion may be wrong


class ToolIk:
    """
    Finds joints whose tool is where a row wants it, from where the joints are on.

    Of many solutions it takes the one that damped steps lead to. Joints keep their range. It is
    made of numpy and pinocchio, so the same rows give the same joints on one machine.
    """

    def __init__(self, robot: RobotFile, output: Output) -> None:
        """Refuse a robot without a URDF, and a frame that is not in it."""
        assert output.tool is not None
        who = f'output {output.name}: tool.frame {output.tool.frame}'
        if robot.urdf is None:
            raise ConfigError(f'{who} needs the urdf of the robot {robot.name}, which names none')
        self._pin: Any = import_pinocchio()
        urdf = load_model(Path(robot.urdf), robot.joint_names)
        self._model, self._matrix, self._offset = urdf.model, urdf.matrix, urdf.offset
        self._data = self._model.createData()
        if not self._model.existFrame(output.tool.frame):
            raise ConfigError(f'{who} is not in {robot.urdf}')
        self._frame = self._model.getFrameId(output.tool.frame)
        names = robot.joint_names
        self._arm = np.array([names.index(name) for name in output.tool.joints])
        self._others = np.array([names.index(name) for name in output.other_joints], dtype=np.intp)
        self._tool, self._delta_of = output.tool, output.delta_of
        limits = robot.published_limits()
        self._lower, self._upper = limits.lower[self._arm], limits.upper[self._arm]

    def rows(self, columns: Floats, position: Floats) -> Floats | str:
        """
        Return rows of joints (T, J) in the robot's order, for rows of poses (T, C) in SI units.

        `position` (J,) is where the joints were observed. A pose that cannot be reached is told
        in a phrase. What is not finite stays so, and its chunk is refused by who must not trust
        us.
        """
        rows = np.tile(position, (len(columns), 1))
        if not (np.isfinite(columns).all() and np.isfinite(position).all()):
            return np.full_like(rows, np.nan)
        joints = position.copy()
        place = self._place(joints)
        for k, row in enumerate(columns):
            target = self._target(row, place)
            if target is None:
                return f'pose of the tool with an orientation (row {k})'
            away = self._move(joints, target)
            if away:
                return f'pose of the tool that the arm reaches (row {k} is {away} away)'
            if self._delta_of == 'row_before':
                place = target
            rows[k, self._arm] = joints[self._arm]
            rows[k, self._others] = row[self._tool.columns:]
        return rows

    def _place(self, joints: Floats) -> Any:
        """Return where the tool is, in the frame of the base."""
        self._pin.framesForwardKinematics(
            self._model, self._data, self._matrix @ joints + self._offset
        )
        return self._data.oMf[self._frame].copy()

    def _target(self, row: Floats, place: Any) -> Any | None:
        """Return the pose that a row asks for; None: its quaternion is none."""
        pin, turn = self._pin, self._turn(row[3: self._tool.columns])
        if turn is None:
            return None
        if self._delta_of is None:
            return pin.SE3(place.rotation if self._tool.rotation == 'none' else turn, row[:3])
        if self._tool.deltas_in == 'tool':
            return place * pin.SE3(turn, row[:3])
        return pin.SE3(turn @ place.rotation, place.translation + row[:3])

    def _turn(self, figures: Floats) -> Floats | None:
        if self._tool.rotation == 'none':
            return np.eye(3)
        if self._tool.rotation == 'rotation_vector':
            return np.array(self._pin.exp3(figures))
        length = float(np.sqrt(figures @ figures))
        if not abs(length - 1.0) <= UNIT:
            return None
        order = [0, 1, 2, 3] if self._tool.rotation == 'quaternion_xyzw' else [1, 2, 3, 0]
        x, y, z, w = (figures / length)[order]
        return np.array(self._pin.Quaternion(w, x, y, z).toRotationMatrix())

    def _move(self, joints: Floats, target: Any) -> str:
        """Bring `joints` of the arm to the target; return how far off they stay, '' if there."""
        pin, rows = self._pin, slice(0, 3 if self._free else 6)
        for _ in range(STEPS):
            q = self._matrix @ joints + self._offset
            jacobian = pin.computeFrameJacobian(
                self._model, self._data, q, self._frame, pin.LOCAL_WORLD_ALIGNED
            )
            place = self._place(joints)
            error = np.concatenate([
                target.translation - place.translation,
                pin.log3(target.rotation @ place.rotation.T),
            ])  # fmt: skip
            away_m, away_rad = np.linalg.norm(error[:3]), np.linalg.norm(error[3:])
            if away_m <= NEAR_M and (self._free or away_rad <= NEAR_RAD):
                return ''
            part = (jacobian @ self._matrix)[rows, self._arm]
            square = part @ part.T + DAMPING * np.eye(len(part))
            step = part.T @ np.linalg.solve(square, error[rows])
            step *= min(1.0, STEP / max(float(np.abs(step).max()), STEP))
            joints[self._arm] = np.clip(joints[self._arm] + step, self._lower, self._upper)
        turned = '' if self._free else f' and {away_rad:.3g} rad'
        return f'{away_m:.3g} m{turned}'

    @property
    def _free(self) -> bool:
        """Return whether the tool may turn as it likes."""
        return self._tool.rotation == 'none' and self._delta_of is None
