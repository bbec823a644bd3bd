"""Messages to core types and back; pure functions."""

from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseArray
import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.joint_order import joint_index, JointNameError
from robot_runtime.core.joint_stream import JointStream
from robot_runtime.core.stream import Sample
from robot_runtime.core.types import Command, Floats, Motion
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

SECOND = 1_000_000_000


def nanoseconds(stamp: Time | Duration) -> int:
    """Return a stamp or duration as integer nanoseconds."""
    return int(stamp.sec) * SECOND + int(stamp.nanosec)


def time_message(ns: int) -> Time:
    """Return integer nanoseconds as a stamp."""
    return Time(sec=ns // SECOND, nanosec=ns % SECOND)


def duration_message(ns: int) -> Duration:
    """Return integer nanoseconds as a duration."""
    return Duration(sec=ns // SECOND, nanosec=ns % SECOND)


def ordered(names: Sequence[str], values: Sequence[float], want: Sequence[str]) -> Floats:
    """Return `values` of joints `want` in that order; a missing joint or a bad length raises."""
    if len(values) != len(names):
        raise JointNameError(f'message has {len(names)} joint names and {len(values)} values')
    if tuple(names) == tuple(want):
        return np.array(values, dtype=np.float64)
    return np.array(values, dtype=np.float64)[joint_index(names, want)]


def take_joints(
    stream: JointStream, message: JointState, received_ns: int, ros_now_ns: int
) -> str | None:
    """Give a message to the stream; return what it says of it."""
    stamp_ns = nanoseconds(message.header.stamp)
    return stream.take(
        message.name, message.position, message.velocity, stamp_ns, received_ns, ros_now_ns,
        message.effort,
    )  # fmt: skip


def poses(message: PoseArray) -> Floats:
    """Return poses as rows x y z qx qy qz qw, (N, 7)."""
    pairs = [(pose.position, pose.orientation) for pose in message.poses]
    return np.array([[p.x, p.y, p.z, q.x, q.y, q.z, q.w] for p, q in pairs])


def command_message(command: Command, names: Sequence[str], period_ns: int) -> JointTrajectory:
    """Return one tick for the gate: stamp = epoch, time_from_start = n * dt (exact)."""
    point = motion_point(command.motion, command.tick * period_ns)
    message = JointTrajectory(joint_names=list(names), points=[point])
    message.header.stamp = time_message(command.epoch_ns)
    return message


def motion_point(motion: Motion, time_ns: int) -> JointTrajectoryPoint:
    """Return a motion as a trajectory point at `time_ns` from the start."""
    return JointTrajectoryPoint(
        positions=motion.position.tolist(),
        velocities=motion.velocity.tolist(),
        accelerations=motion.acceleration.tolist(),
        time_from_start=duration_message(time_ns),
    )


def motion_from(
    have: Sequence[str], point: JointTrajectoryPoint, names: Sequence[str]
) -> Motion:
    """Return the motion in a point of joints `have`; wrong names or lengths raise."""
    return Motion(
        ordered(have, point.positions, names),
        ordered(have, point.velocities, names),
        ordered(have, point.accelerations, names),
    )


def command_from(message: JointTrajectory, names: Sequence[str], period_ns: int) -> Command:
    """Return the command in `message`; wrong names, lengths or an odd time raise."""
    if len(message.points) != 1:
        raise JointNameError(f'a command has one point, this one has {len(message.points)}')
    point = message.points[0]
    time_ns = nanoseconds(point.time_from_start)
    if time_ns % period_ns:
        raise JointNameError(f'time {time_ns} ns is not a multiple of the {period_ns} ns tick')
    motion = motion_from(message.joint_names, point, names)
    return Command(nanoseconds(message.header.stamp), time_ns // period_ns, motion)


def chunk_message(
    stamp_ns: int,
    names: Sequence[str],
    rows: Floats,
    step_ns: int,
    apart: NDArray[np.intp] | None = None,
    field: str = 'velocities',
) -> JointTrajectory:
    """
    Return a chunk: header.stamp = t_obs, row i at i * step_ns, in SI units.

    Joints `apart` take velocities or efforts, and their figures stand in that `field`; what a
    joint does not take is NaN, as in the interfaces of ros2_control.
    """
    points = [JointTrajectoryPoint(time_from_start=duration_message(i * step_ns))
              for i in range(len(rows))]
    for point, row in zip(points, rows, strict=True):
        point.positions = row.tolist()
        if apart is not None:
            positions, others = row.copy(), np.full(len(row), np.nan)
            positions[apart], others[apart] = np.nan, row[apart]
            point.positions = positions.tolist()
            setattr(point, field, others.tolist())
    message = JointTrajectory(joint_names=list(names), points=points)
    message.header.stamp = time_message(stamp_ns)
    return message


def chunk_from(
    message: JointTrajectory,
    names: Sequence[str],
    offset_ns: int,
    apart: NDArray[np.intp] | None = None,
    field: str = 'velocities',
) -> Chunk:
    """Return the chunk in `message`, on our steady clock (= ROS stamp + `offset_ns`)."""
    stamp_ns = nanoseconds(message.header.stamp)
    times = [nanoseconds(point.time_from_start) for point in message.points]
    steps = {after - before for before, after in zip(times, times[1:], strict=False)}
    if times[:1] != [0] or len(steps) > 1 or min(steps, default=1) <= 0:
        raise JointNameError(f'rows start at 0 and are evenly spaced, not at {times[:4]} ns')
    have = message.joint_names
    rows = [_row(have, point, names, apart, field) for point in message.points]
    step_ns = steps.pop() if steps else SECOND // 20
    return Chunk(stamp_ns + offset_ns, step_ns, np.array(rows), stamp_ns)


def _row(
    have: Sequence[str],
    point: JointTrajectoryPoint,
    names: Sequence[str],
    apart: NDArray[np.intp] | None,
    field: str,
) -> Floats:
    """Return the row of a chunk: of joints `apart` what is in `field`, positions of the others."""
    if apart is None:
        return ordered(have, point.positions, names)
    row = np.full(len(names), np.nan)
    if len(apart) < len(names) or len(point.positions):
        row = ordered(have, point.positions, names)
    row[apart] = ordered(have, getattr(point, field), names)[apart]
    return row


def teleop_from(
    message: JointTrajectory, names: Sequence[str], received_ns: int
) -> Sample[Floats]:
    """Return the positions (J,) a person wants; other joints, or more than a point, raise."""
    if len(message.points) != 1:
        raise JointNameError(f'it has {len(message.points)} points; allowed: 1')
    unknown = sorted(set(message.joint_names) - set(names))
    if unknown:
        raise JointNameError(f'it names {unknown}, but the robot has {list(names)}')
    positions = ordered(message.joint_names, message.points[0].positions, names)
    return Sample(received_ns, nanoseconds(message.header.stamp), positions)


def status_message(
    stamp: Time, name: str, hardware: str, level: int, text: str, values: dict[str, Any]
) -> DiagnosticArray:
    """Return one diagnostic status with `values` as strings (REP-107)."""
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    status = DiagnosticStatus(
        level=bytes([level]), name=name, message=text, hardware_id=hardware, values=pairs
    )
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp
    return array


def status_values(message: DiagnosticArray) -> dict[str, str]:
    """Return the key-value pairs of the first status in `message`."""
    return {pair.key: pair.value for pair in message.status[0].values}
