"""Simulator as a ROS 2 node: the robot, its drivers, sensors and ground truth, in real time."""

from array import array
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Pose, PoseArray
import numpy as np
from rclpy.node import Node
from robot_runtime.core.types import Floats
from robot_runtime.ros import conversions, parameters, polling, qos, realtime_class
from robot_runtime.ros.shutdown import NodeError, run_node, StopFlag
from robot_runtime.ros.sim_cameras import CameraPlan, Cameras
from robot_runtime.ros.sim_controller import SimController
from robot_runtime.ros.sim_faults import SimFaults
from robot_runtime.ros.sim_parameters import PARAMETERS
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.sim.cell import Cell
from robot_runtime.sim.drives import take
from robot_runtime.sim.groups import groups_of, measured_witness
from robot_runtime.sim.robot_files import described_by, robot_files
from robot_runtime.sim.scene import SceneError
from robot_runtime.sim.task import COLOURS
from robot_runtime.sim.touch import Touch
from robot_runtime.sim.witness import KINDS
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

CAMERAS = ('front', 'wrist')
OBJECTS_HZ, WITNESS_HZ, SERVICES_HZ = 30.0, 5.0, 100.0
SNAP_S = 0.2  # in which fingers close over what a reset took from them
QUIET_NS, LINGER_NS = 250_000_000, 4_000_000_000  # a robot does not vanish when told to stop
MOST_BEHIND_NS = 200_000_000  # physics catches up after a stall, but not after a longer one


class SimNode:
    """Wires topics to the cell and the cell to topics; one thread, which polls."""

    def __init__(self, node: Node, stop: StopFlag, cameras: Cameras) -> None:
        self._node, self._stop, self._cameras = node, stop, cameras
        self._clock = SteadyClock()
        self._values = values = parameters.read(node, PARAMETERS)
        if values['on_timeout'] not in ('decelerate', 'hold'):
            raise NodeError(
                f'parameter on_timeout is {values["on_timeout"]!r}; allowed: decelerate, hold'
            )
        robot, overlay = robot_files(values['robot'], values['overlay'])
        self._cell = Cell(robot, overlay, values['seed'])
        self._camera_names: tuple[str, ...] = ()
        self._cell.scene.model.opt.timestep = self._cell.timestep_s = 1.0 / values['rate_hz']
        self._period_ns = round(1e9 / values['rate_hz'])
        self._episode, self._steps, self._skipped = 0, 0, 0
        self._sim_ns = self._ros_offset_ns = 0
        self._stamp = conversions.time_message(0)
        self._controllers = self._make_controllers()
        self._measured = measured_witness(self._cell)
        self._touch = Touch(self._cell) if values['witness_space'] else None
        self._wire()
        if values['cameras']:
            cameras.start(self._camera_plan(str(robot), overlay and str(overlay)))

    def _make_controllers(self) -> tuple[SimController, ...]:
        values = self._values
        period_s = values['command_period_s']
        groups = groups_of(
            self._cell, period_s, values['command_timeout_s'], values['on_timeout'],
            values['witness_scale'], values['witness_space'],
            take(self._cell, described_by(values['robot'])),
        )  # fmt: skip
        return tuple(SimController(self._node, group, period_s) for group in groups)

    def _wire(self) -> None:
        node = self._node
        self._joint_states = node.create_publisher(JointState, 'joint_states', qos.INTERNAL)
        self._truth = node.create_publisher(JointState, 'sim/joint_states', qos.INTERNAL)
        self._objects = node.create_publisher(PoseArray, 'sim/objects', qos.STATUS)
        self._witness = node.create_publisher(DiagnosticArray, 'sim/witness', qos.STATUS)
        node.create_service(Trigger, 'sim/reset', self._on_reset)
        self._clock_out = None
        if self._values['publish_clock']:
            self._clock_out = node.create_publisher(Clock, '/clock', qos.SENSOR)
        self._services, self._faults = polling.ServicePoller(node), SimFaults(node)
        self._joint_message = JointState(name=list(self._cell.scene.joint_names))
        self._joint_message.header.frame_id = 'fr3_link0'
        self._pose_message = PoseArray(poses=[Pose() for _ in self._cell.objects()])
        self._pose_message.header.frame_id = 'fr3_link0'

    def _camera_plan(self, robot: str, overlay: str | None) -> CameraPlan:
        node, values = self._node, self._values
        model = self._cell.scene.model
        there = {model.camera(k).name for k in range(model.ncam)}
        self._camera_names = tuple(camera for camera in CAMERAS if camera in there)
        topics = tuple(
            node.resolve_topic_name(f'{camera}/image_raw').removesuffix('/image_raw')
            for camera in self._camera_names
        )
        return CameraPlan(
            robot, overlay, values['seed'], node.get_namespace(), topics, self._camera_names,
            values['width'], values['height'], values['fps'], values['noise'], values['light'],
        )  # fmt: skip

    def run(self) -> int:
        """Step in real time until told to stop; return the exit code."""
        realtime_class.enter(self._node, self._values)
        self._look_at_ros_clock()
        self._begun_ns = due_ns = self._clock.now_ns()
        while not self._done():
            due_ns += self._period_ns
            self._clock.sleep_until(due_ns)
            now_ns = self._clock.now_ns()
            if now_ns - due_ns > MOST_BEHIND_NS:
                self._skipped += (now_ns - due_ns) // self._period_ns
                due_ns = now_ns
            self._tick(now_ns)
            blind = self._every(WITNESS_HZ) and not self._cameras.alive and not self._stop.set
            if self._values['cameras'] and blind:
                raise NodeError('the camera process died')
        self._publish_witness()
        return 0

    def _done(self) -> bool:
        """Return whether to end: told to, and the gate has ended its braking and gone quiet."""
        now_ns = self._clock.now_ns()
        if not self._stop.set:
            self._told_ns = now_ns
            return False
        age_ns = self._controllers[0].driver.age_ns(now_ns)
        quiet = age_ns is None or age_ns > QUIET_NS
        return quiet or now_ns - self._told_ns > LINGER_NS

    def _every(self, rate_hz: float) -> bool:
        return self._steps % max(1, round(self._values['rate_hz'] / rate_hz)) == 0

    def _look_at_ros_clock(self) -> None:
        # The sum with the steady clock costs a tenth of asking rclpy at each step.
        ros_ns = self._node.get_clock().now().nanoseconds
        self._ros_offset_ns = ros_ns - self._clock.now_ns() + self._faults.clock_ns

    def _tick(self, now_ns: int) -> None:
        cell = self._cell
        ros_ns = self._sim_ns if self._clock_out else now_ns + self._ros_offset_ns
        position, velocity, effort = cell.joints()
        before = self._incidents()
        if self._faults.take():
            self._cameras.state.eyes = self._faults.eyes
            self._look_at_ros_clock()
        for controller in self._controllers:
            controller.take(position, now_ns, ros_ns)
        target = np.concatenate([c.driver.target(now_ns) for c in self._controllers])
        cell.step(self._faults.driven(target, position), cell.timestep_s)
        self._steps += 1
        self._sim_ns += self._period_ns
        position, velocity, effort = cell.joints()
        if self._measured is not None:
            self._measured.step(position, velocity)
        if self._touch is not None:
            self._touch.step()
        stamp_ns = self._sim_ns if self._clock_out else self._clock.now_ns() + self._ros_offset_ns
        self._publish_joints(stamp_ns, position, velocity, effort)
        self._cameras.state.write(cell.data, stamp_ns, cell.seed)
        if self._every(OBJECTS_HZ):
            self._publish_objects()
        if self._every(SERVICES_HZ):
            self._services.serve_one()
            self._look_at_ros_clock()
        if self._every(WITNESS_HZ) or self._incidents() != before:
            self._publish_witness()

    def _publish_joints(
        self, stamp_ns: int, position: Floats, velocity: Floats, effort: Floats
    ) -> None:
        message = self._joint_message
        message.header.stamp = self._stamp = conversions.time_message(stamp_ns)
        message.position = array('d', position.tobytes())
        message.velocity = array('d', velocity.tobytes())
        message.effort = array('d', effort.tobytes())
        (self._truth if self._faults.silent else self._joint_states).publish(message)
        if self._clock_out is not None:
            self._clock_out.publish(Clock(clock=message.header.stamp))

    def _publish_objects(self) -> None:
        for pose, row in zip(self._pose_message.poses, self._cell.objects().tolist(), strict=True):
            at, turn = pose.position, pose.orientation
            at.x, at.y, at.z, turn.x, turn.y, turn.z, turn.w = row
        self._pose_message.header.stamp = self._stamp
        self._objects.publish(self._pose_message)

    def _violations(self) -> int:
        found = sum(c.witness.findings.total for c in self._controllers if c.witness is not None)
        return found + (self._measured.violations if self._measured is not None else 0)

    def _incidents(self) -> int:
        """Return a count that changes with every one that is told at once."""
        return self._violations() + sum(c.driver.timeouts for c in self._controllers)

    def _publish_witness(self) -> None:
        values = self._report()
        bad = self._violations()
        level = DiagnosticStatus.ERROR if bad else DiagnosticStatus.OK
        text = str(values['first_violation']) or 'no violation'
        message = conversions.status_message(
            self._stamp, 'sim: witness', 'simulator', ord(level), text, values
        )
        self._witness.publish(message)

    def _report(self) -> dict[str, Any]:
        found = [c.witness.findings for c in self._controllers if c.witness is not None]
        age_ns = self._controllers[0].driver.age_ns(self._clock.now_ns())
        wall_ns = self._clock.now_ns() - self._begun_ns
        velocity = (f.worst[kind] for f in found for kind in ('velocity', 'curve'))
        first = [*(f.first for f in found), self._measured.first if self._measured else '']
        report = {
            'commands': sum(f.commands for f in found[:1]),
            'sequences': sum(f.sequences for f in found[:1]),
            'violations_command': sum(f.total for f in found),
            'violations_measured': self._measured.violations if self._measured else 0,
            **{f'violations_{kind}': sum(f.violations[kind] for f in found) for kind in KINDS},
            'worst_velocity_ratio': round(max(velocity, default=0.0), 6),
            'worst_acceleration_ratio': round(
                max((f.worst['acceleration'] for f in found), default=0.0), 6
            ),
            'peak_acceleration': round(max((f.peak_acceleration for f in found), default=0.0), 6),
            'measured_velocity_ratio': round(
                self._measured.peak_velocity_ratio if self._measured else 0.0, 6
            ),
            'first_violation': next((text for text in first if text), ''),
            'driver_timeouts': sum(c.driver.timeouts for c in self._controllers),
            'last_command_age_ms': '' if age_ns is None else round(age_ns / 1e6, 1),
            **self._frames(),
            'realtime_factor': round(self._sim_ns / max(1, wall_ns), 4),
            'steps_skipped': self._skipped,
            'episode': self._episode,
            'seed': self._cell.seed,
        }
        if self._touch is not None:
            report |= {
                'contacts': self._touch.contacts, 'self_contacts': self._touch.self_contacts,
                'nearest_mm': round(1e3 * self._touch.nearest_m, 1),
            }
        if self._cell.has_task:
            report |= {f'success_{colour}': self._cell.success(colour) for colour in COLOURS}
        return report

    def _frames(self) -> dict[str, int]:
        report = {}
        for k, camera in enumerate(self._camera_names):
            report[f'frames_{camera}'], report[f'stamp_{camera}'] = self._cameras.state.frames(k)
        return report

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._episode += 1
        seed = self._values['seed'] + self._episode
        self._cell.reset(seed, robot=self._values['reset_arm'])
        if self._measured is not None:
            fingers = self._controllers[-1].joints
            self._measured.excuse(fingers, round(SNAP_S * self._values['rate_hz']))
        if self._values['reset_arm']:
            for controller in self._controllers:
                controller.driver.rest(self._cell.home[controller.joints])
                if controller.witness is not None:
                    controller.witness.reset()
        response.success, response.message = True, f'episode {self._episode}, seed {seed}'
        return response


def main(args: list[str] | None = None) -> int:
    """Run the simulator until SIGINT or SIGTERM."""
    cameras = Cameras()

    def body(node: Node, stop: StopFlag) -> int:
        try:
            return SimNode(node, stop, cameras).run()
        except SceneError as error:
            raise NodeError(str(error)) from error

    try:
        return run_node('sim_node', body, args)
    finally:
        cameras.stop()


if __name__ == '__main__':
    sys.exit(main())
