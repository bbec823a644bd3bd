"""Making of faults: how each is made on a moving robot, and what follows its stop."""

from collections.abc import Callable
from contextlib import suppress
import os
import signal
import struct

from bad_policy import NONSENSE
from rclpy.node import Node
from robot_runtime.ros import conversions, qos
from robot_runtime.runtime.robot_file import load_robot
from running_robot import CONTROL, GATE, POLICY, RunningRobot
from std_msgs.msg import Bool, Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

FR3 = load_robot('fr3')
FAR = 1.5  # [rad] of the first joint, where no policy leads it
PERIOD_S, MOST_SENT = 0.02, 200  # of a person's messages
STAND_S = 0.8
SILENT_S = 0.1  # without a joint state: they have stopped
Make = Callable[[RunningRobot], int]  # returns the ROS time at which it was made


def killed(name: str) -> Make:
    """Return what kills a node."""
    return lambda robot: robot.send(name, signal.SIGKILL)


def stopped(name: str) -> Make:
    """Return what makes a node hang."""
    return lambda robot: robot.send(name, signal.SIGSTOP)


def interrupted(robot: RunningRobot) -> int:
    """Press Ctrl-C: SIGINT to the process group of the run."""
    at_ns = robot.trace.ros_now_ns()
    assert robot.up is not None
    os.killpg(robot.up.pid, signal.SIGINT)
    return at_ns


def interrupted_at_once(robot: RunningRobot) -> int:
    """Send SIGINT to every process at once, and once more, as a terminal and `ros2 launch` do."""
    at_ns = robot.trace.ros_now_ns()
    for pid in 2 * list(robot.marked()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
    return at_ns


def supervisor_killed(robot: RunningRobot) -> int:
    """Kill the supervisor itself."""
    at_ns = robot.trace.ros_now_ns()
    assert robot.up is not None
    robot.up.kill()
    return at_ns


def in_sim(word: str) -> Make:
    """Return what tells the simulated driver or its cameras to do something wrong."""

    def make(robot: RunningRobot) -> int:
        at_ns = robot.trace.ros_now_ns()
        robot.around.say('sim/fault', String(data=word))
        return at_ns

    return make


def joint_states_stop(robot: RunningRobot) -> int:
    """Let the driver fall silent; return the stamp of the last state that it sent."""
    in_sim('no joint states')(robot)
    newest = -1
    while newest != robot.trace.sent_ns:
        newest = robot.trace.sent_ns
        robot.spin(SILENT_S)
    return newest


def driver_clock(seconds: float) -> Make:
    """Return what sets the clock of the driver's host."""

    def make(robot: RunningRobot) -> int:
        robot.trace.take()
        robot.trace.stamps_ahead_ns = round(seconds * 1e9)
        return in_sim(f'clock {seconds}')(robot)

    return make


def host_clock(seconds: float) -> Make:
    """Return what sets the clock of the one host of all processes; its time is the new one."""

    def make(robot: RunningRobot) -> int:
        at_ns = robot.trace.ros_now_ns()
        assert robot.clock_file is not None
        with robot.clock_file.open('r+b') as file:
            (offset_ns,) = struct.unpack('<q', file.read(8))
            file.seek(0)
            file.write(struct.pack('<q', offset_ns + round(seconds * 1e9)))
        robot.trace.clock_offset_ns = offset_ns + round(seconds * 1e9)
        return at_ns + round(seconds * 1e9)

    return make


def nonsense(robot: RunningRobot) -> int:
    """Ask the policy for what it answers with no numbers."""
    at_ns = robot.trace.ros_now_ns()
    robot.ask(NONSENSE)
    return at_ns


def pressed(robot: RunningRobot) -> int:
    """Press the e-stop."""
    at_ns = robot.trace.ros_now_ns()
    robot.around.say('estop', Bool(data=True))
    return at_ns


def released(robot: RunningRobot) -> None:
    """Release the e-stop."""
    robot.around.say('estop', Bool(data=False))
    robot.hold()


def let_go(permit: str) -> Make:
    """Return what takes a permit away: it falls silent, or says that it is not given."""

    def make(robot: RunningRobot) -> int:
        at_ns = robot.trace.ros_now_ns()
        robot.around.give(permit, False)
        return at_ns

    return make


def given_again(robot: RunningRobot) -> None:
    """Give every permit again."""
    for permit in robot.around.given:
        robot.around.give(permit, True)
    robot.hold()


def another(topic: str, speaks: bool) -> Make:
    """Return what adds a second publisher to a topic; one that `speaks` sends a message too."""

    def make(robot: RunningRobot) -> int:
        kind = Float64MultiArray if topic.endswith('/commands') else JointTrajectory
        node = Node('intruder', context=robot.client._node.context, start_parameter_services=False)
        out = node.create_publisher(kind, topic, qos.INTERNAL)
        robot.around.intruder = node
        if not speaks:
            return robot.trace.ros_now_ns()
        robot.until(out.get_subscription_count, f'who reads {topic}')
        robot.spin(0.1)  # both ends must know each other
        at_ns = robot.trace.ros_now_ns()
        out.publish(kind())
        return at_ns

    return make


def leaves(robot: RunningRobot) -> None:
    """End the second publisher."""
    assert robot.around.intruder is not None
    robot.around.intruder.destroy_node()
    robot.around.intruder = None
    robot.spin(0.3)
    robot.hold()


def cured(robot: RunningRobot) -> None:
    """Let the simulated driver and cameras do right again."""
    robot.around.say('sim/fault', String(data=''))
    robot.trace.stamps_ahead_ns = 0
    robot.hold()


def stuck(robot: RunningRobot) -> int:
    """
    Let the joints stick, and lead the robot away by hand.

    A policy that begins each chunk where the robot is commands a robot that is stuck to stay.
    """
    at_ns = in_sim('stuck')(robot)
    positions = FR3.home_position
    positions[0] = FAR
    message = JointTrajectory(joint_names=list(FR3.joint_names))
    message.points = [JointTrajectoryPoint(positions=positions.tolist())]
    for _ in range(MOST_SENT):
        message.header.stamp = conversions.time_message(robot.trace.ros_now_ns())
        robot.around.say('control_node/teleop', message)
        robot.spin(PERIOD_S)
        if robot.value(GATE, 'latched') == '1':
            break
    return at_ns


def freed(robot: RunningRobot) -> None:
    """Engage from where a stuck robot is, and free it only then: it must not jump."""
    robot.until(lambda: robot.value(GATE, 'state') == 'REST', 'rest')
    robot.call('safety_node/reset_from_measured')
    robot.hold()
    cured(robot)
    robot.spin(0.1)
    assert robot.trace.speed < 0.1, 'the robot jumped when it was freed'


def ends(robot: RunningRobot) -> int:
    """Wait for the end of the run."""
    return robot.wait()


def comes_back(robot: RunningRobot) -> None:
    """Wait for the new policy, which must not move the robot on its own."""
    robot.until(lambda: robot.value(POLICY, 'state') == 'ready', 'a policy that is ready')
    policy_is_left(robot)
    stands(robot)


def goes_on(name: str, at: Callable[[RunningRobot], None]) -> Callable[[RunningRobot], None]:
    """Return what lets a hung node go on, after `at`: it must not move the robot by itself."""

    def after(robot: RunningRobot) -> None:
        at(robot)
        robot.send(name, signal.SIGCONT)
        stands(robot)

    return after


def policy_is_left(robot: RunningRobot) -> None:
    """Wait for HOLD, or FAULT if a joint state or a command was late at the same time."""
    robot.until(lambda: robot.value(CONTROL, 'mode') in ('HOLD', 'FAULT'), 'the end of POLICY')


def gate_is_missed(robot: RunningRobot) -> None:
    """Wait until control has noticed, and let the gate hang for a while longer."""
    robot.until(lambda: 'silent' in robot.value(CONTROL, 'fault'), 'control to miss the gate')
    robot.spin(1.0)


def at_once(robot: RunningRobot) -> None:
    """Wait for nothing."""


def nonsense_ends(robot: RunningRobot) -> None:
    """Ask for something sensible again."""
    robot.until(lambda: robot.value(CONTROL, 'mode') == 'FAULT', 'FAULT')
    robot.ask('')
    robot.hold()


def moves_on(robot: RunningRobot) -> None:
    """See the policy go on after a clock was set, and the robot move again in this engagement."""
    since_ns = robot.trace.ros_now_ns()
    robot.spin(0.5)

    def late() -> bool:  # on a busy machine, and not because of the clock
        return 'command late' in robot.value(CONTROL, 'fault')

    robot.until(lambda: robot.trace.moved_ns > since_ns or late(), 'an arm that moves on')
    assert robot.value(CONTROL, 'mode') == 'POLICY' or late(), robot.values(CONTROL)
    robot.hold()


def stands(robot: RunningRobot) -> None:
    """See the robot stand for a while, and then be ready again."""
    robot.spin(STAND_S)
    assert robot.trace.still_for_s() >= STAND_S, 'the robot moved without being asked'
    robot.hold()


def sim_goes_on(robot: RunningRobot) -> None:
    """Let a simulator go on that hung, when the gate has latched."""
    robot.send_sim(signal.SIGCONT)
    robot.until(lambda: robot.trace.still_for_s() > STAND_S, 'an arm that stands')
    if robot.value(GATE, 'latched') == '1':
        robot.call('safety_node/reset_from_measured')
    robot.hold()


def sim_stopped(robot: RunningRobot) -> int:
    """Let the simulated robot hang, drivers and all, until the gate has latched."""
    robot.send_sim(signal.SIGSTOP)
    at_ns = robot.trace.ros_now_ns()
    robot.until(lambda: robot.value(GATE, 'latched') == '1', 'a gate that latches')
    robot.send_sim(signal.SIGCONT)
    return at_ns
