"""Terms of what is measured beside the joints: inertial unit, odometry, command and target."""

from collections.abc import Callable, Sequence

import numpy as np
from robot_runtime.core.observation import Ages, Inputs, Rotation, Stream, Term
from robot_runtime.core.stream import Sample
from robot_runtime.core.term_values import Seen, Value, written
from robot_runtime.core.types import Floats

# What a message of each is as figures; quaternions are x y z w.
SIZES: dict[Stream, int] = {
    'imu': 10,  # quaternion, angular velocity, linear acceleration; of the base, in its frame
    'odometry': 13,  # position, quaternion; linear and angular velocity in the base's frame
    'twist': 6,  # linear, angular
    'target': 7,  # position, quaternion, in the frame of the base
}
STREAM_OF: dict[str, Stream] = {
    'angular_velocity': 'imu', 'linear_acceleration': 'imu', 'projected_gravity': 'imu',
    'orientation': 'imu', 'base_position': 'odometry', 'base_orientation': 'odometry',
    'base_linear_velocity': 'odometry', 'base_angular_velocity': 'odometry',
    'command': 'twist', 'target_pose': 'target',
}  # fmt: skip
MEASURED: tuple[Stream, ...] = ('imu', 'odometry')  # as old as joints may be, at their time
UNIT = 0.01  # by which the length of a quaternion may be wrong


def stale_streams(
    terms: Sequence[Term], inputs: Inputs, ages: Ages, now_ns: int
) -> dict[str, None]:
    """Return the streams that are needed and absent or too old, in the order of the terms."""
    missing: dict[str, None] = {}
    for term in terms:
        stream = STREAM_OF.get(term.kind)
        if stream is None:
            continue
        samples = inputs.streams.get(stream, ())
        age_ns = ages.joint_state_ns if stream in MEASURED else term.age_ns
        if not samples or not samples[-1].fresh(now_ns, age_ns):
            missing[stream] = None
    return missing


def nearest(samples: Sequence[Sample[Floats]], stamp_ns: int) -> Sample[Floats]:
    """Return the sample whose stamp is nearest to `stamp_ns`, the newer of two as near."""
    return min(reversed(samples), key=lambda sample: abs(sample.stamp_ns - stamp_ns))


def stream_value(term: Term, seen: Seen) -> Value:
    """Return the value of a term of a stream, or the phrase that says why there is none."""
    stream = STREAM_OF[term.kind]
    samples = seen.inputs.streams[stream]
    sample = samples[-1]
    if stream in MEASURED:
        sample = nearest(samples, seen.stamp_ns)
        if abs(sample.stamp_ns - seen.stamp_ns) > seen.measured_ns:
            return f'{stream} near the time of the observation'
    if sample.value.shape != (SIZES[stream],):
        return f'{stream} as {SIZES[stream]} figures'
    values = PARTS[term.kind](term, sample.value)
    return values if isinstance(values, str) else written(term, values)


def matrix(quaternion: Floats) -> Floats:
    """Return the rotation of a unit quaternion x y z w as a matrix: body to world, (3, 3)."""
    x, y, z, w = quaternion
    return np.array([
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
    ])


def _turned(stream: Stream, quaternion: Floats) -> Floats | str:
    """Return a quaternion of length 1; many drivers send zeros where they know none."""
    length = float(np.sqrt(quaternion @ quaternion))
    if not abs(length - 1.0) <= UNIT:
        return f'{stream} with an orientation'
    return quaternion / length


def _rotation(stream: Stream, quaternion: Floats, form: Rotation) -> Floats | str:
    unit = _turned(stream, quaternion)
    if isinstance(unit, str) or form == 'quaternion_xyzw':
        return unit
    return unit[[3, 0, 1, 2]] if form == 'quaternion_wxyz' else matrix(unit).reshape(-1)


def _gravity(term: Term, imu: Floats) -> Floats | str:
    """Return the direction of gravity in the frame of the base: R^T (0, 0, -1)."""
    unit = _turned('imu', imu[:4])
    return unit if isinstance(unit, str) else -matrix(unit)[2]


def _linear_velocity(term: Term, odometry: Floats) -> Floats | str:
    if term.frame == 'base':
        return odometry[7:10]
    unit = _turned('odometry', odometry[3:7])
    return unit if isinstance(unit, str) else np.asarray(matrix(unit) @ odometry[7:10])


def _target(term: Term, pose: Floats) -> Floats | str:
    if term.rotation == 'none':
        return pose[:3]
    turned = _rotation('target', pose[3:], term.rotation)
    return turned if isinstance(turned, str) else np.concatenate([pose[:3], turned])


PARTS: dict[str, Callable[[Term, Floats], Floats | str]] = {
    'orientation': lambda term, imu: _rotation('imu', imu[:4], term.rotation),
    'angular_velocity': lambda _, imu: imu[4:7],
    'linear_acceleration': lambda _, imu: imu[7:10],
    'projected_gravity': _gravity,
    'base_position': lambda _, odometry: odometry[:3],
    'base_orientation': lambda term, odometry: _rotation(
        'odometry', odometry[3:7], term.rotation
    ),
    'base_linear_velocity': _linear_velocity,
    'base_angular_velocity': lambda _, odometry: odometry[10:13],
    'command': lambda term, twist: twist if term.index is None else twist[term.index],
    'target_pose': _target,
}
