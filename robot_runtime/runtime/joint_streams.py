"""Stream of the measured joints, as the robot file bounds it."""

from robot_runtime.core.joint_stream import JointBounds, JointStream
from robot_runtime.runtime.robot_file import RobotFile

SECOND = 1_000_000_000


def joint_stream(robot: RobotFile) -> JointStream:
    """Return a stream of the robot's joints that knows nothing yet."""
    times = robot.timeouts
    bounds = JointBounds(
        velocity=robot.published_limits().velocity,
        age_ns=round(times.joint_state_s * SECOND),
        future_ns=round(times.future_s * SECOND),
    )
    return JointStream(robot.joint_names, bounds)
