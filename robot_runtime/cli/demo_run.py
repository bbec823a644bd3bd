"""Run of a demo or of a live evaluation: the processes, a client of the robot, and episodes."""

from collections.abc import Callable, Sequence
import os
import signal
from typing import Any

from robot_runtime.cli.check import refuse
from robot_runtime.cli.demo_report import (
    CAMERAS,
    cpu_seconds,
    FrameCount,
    Moment,
    number,
    report,
    Total,
)  # fmt: skip
from robot_runtime.cli.demo_view import DemoView
from robot_runtime.core.gate_state import COMMAND_LATE, UNMEASURED
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.supervisor import Supervisor
from robot_runtime.sim.episode import Assignment, Outcome
from robot_runtime.sim.task import COLOURS
import typer

START_S, READY_S, EPISODE_S, MODE_S = 60.0, 15.0, 40.0, 5.0
FRESH_S = 1.5
LATENESS = (COMMAND_LATE, UNMEASURED)  # of this machine: the simulated robot is on it too
LATE_STOPS = 10  # stops because of lateness alone that an episode may go on after
CONTROL, GATE, POLICY, WITNESS = (
    'control_node/status', 'safety_node/status', 'policy_node/status', 'sim/witness'
)
STARTING = ('', 'LOADING', 'STARTING', 'UNCONFIGURED', 'INACTIVE')


class DemoError(RuntimeError):
    """The demo cannot go on; the text is one sentence."""


class Demo:
    """One run: a supervisor, a client of the robot, and what was seen."""

    def __init__(self, supervisor: Supervisor, client: Any, view: DemoView) -> None:
        """Take what the run needs, all of it started."""
        self._supervisor, self._client, self._view = supervisor, client, view
        self._clock = SteadyClock()
        self._headline = 'starting'
        self._violations = {'violations_command': Total(), 'violations_measured': Total()}
        self._frames = {camera: FrameCount() for camera in CAMERAS}
        self.episodes: list[Outcome] = []
        self.late_stops = 0

    def run(self, asked: Sequence[Assignment], limit_s: float = EPISODE_S) -> None:
        """Wait until all are ready, then do the episodes, each within `limit_s`."""
        self._wait_for_processes()
        self._make_ready()
        self.begin = self._moment()
        for index, assignment in enumerate(asked, 1):
            self._headline = f'episode {index} of {len(asked)}: {assignment.instruction}'
            episode = self._episode(assignment, limit_s)
            self.episodes.append(episode)
            outcome = 'done' if episode.success else 'NOT done'
            self._view.say(f'{self._headline}: {outcome} in {episode.seconds:.1f} s')
        self.end = self._moment()

    def figures(self, recording: str | None) -> dict[str, Any]:
        """Return the report of a run that has ended."""
        figures = report(
            self.episodes, self.begin, self.end, self.violations, self._frames, recording
        )
        return figures | {'late_stops': self.late_stops}

    def _episode(self, assignment: Assignment, limit_s: float) -> Outcome:
        self._demand('sim/reset')
        seed = str(assignment.seed)
        self._until(lambda: self._value(WITNESS, 'seed') == seed, MODE_S, f'the scene {seed}')
        self._make_ready()
        self._client.instruct(assignment.instruction)
        begin = self._clock.now_ns()
        violations = self.violations
        before = (
            number(self._values(POLICY), 'inferences'),
            number(self._values(CONTROL), 'late_chunks'),
        )

        def done() -> bool:
            return not assignment.ends_with.isdisjoint(self._placed())

        for _ in range(1 + LATE_STOPS):
            self._enter_policy()
            left_s = limit_s - (self._clock.now_ns() - begin) / 1e9
            self._turn(lambda: done() or self._value(CONTROL, 'mode') != 'POLICY', left_s)
            if done() or self._value(CONTROL, 'mode') == 'POLICY':
                break
            reason = self._values(GATE).get('reason') or self._value(CONTROL, 'fault')
            self._view.say(f'control left POLICY: {reason}')
            if not any(late in reason for late in LATENESS):
                break
            self.late_stops += 1
            self._make_ready()
        placed = self._placed()
        seconds = (self._clock.now_ns() - begin) / 1e9
        policy, control = self._values(POLICY), self._values(CONTROL)
        left_because = '' if control.get('mode') == 'POLICY' else control.get('notice', '')
        self._until(self._left_policy, MODE_S, 'control to leave POLICY')
        return Outcome(
            assignment=assignment,
            success=assignment.colour in placed,
            seconds=seconds,
            placed=placed,
            violations=self.violations - violations,
            first_violation=self._value(WITNESS, 'first_violation'),
            fault=control.get('fault') or left_because,
            inferences=int(number(policy, 'inferences') - before[0]),
            missing=policy.get('message', ''),
            late_ticks=int(number(control, 'late_chunks') - before[1]),
        )

    @property
    def violations(self) -> int:
        """Return what the witness has counted so far."""
        return sum(total.total for total in self._violations.values())

    def _placed(self) -> tuple[str, ...]:
        witness = self._values(WITNESS)
        said = ((colour, witness.get(f'success_{colour}')) for colour in COLOURS)
        return tuple(colour for colour, text in said if text in ('1', 'True', 'true'))

    def _enter_policy(self) -> None:
        self._until(lambda: self._accepted('control_node/mode/policy'), MODE_S, 'mode POLICY')
        self._until(lambda: self._value(CONTROL, 'mode') == 'POLICY', MODE_S, 'mode POLICY')

    def _left_policy(self) -> bool:
        """Return whether control is in another mode; ask for HOLD, unless a stop came first."""
        if self._value(CONTROL, 'mode') == 'POLICY':
            self._accepted('control_node/mode/hold')
        return self._value(CONTROL, 'mode') not in ('', 'POLICY')

    def _wait_for_processes(self) -> None:
        for topic in (GATE, WITNESS, CONTROL, POLICY):
            node = topic.partition('/status')[0]
            self._headline = f'waiting for {node}'
            self._until(lambda topic=topic: self._values(topic), START_S, node)
        self._headline = 'waiting for the policy to be ready'
        self._until(
            lambda: self._value(POLICY, 'state').upper() not in STARTING, START_S, 'the policy'
        )

    def _make_ready(self) -> None:
        """Wait for HOLD with an open gate; let go of a latch that a reset of the scene left."""

        def ready() -> bool:
            if self._value(GATE, 'latched') == '1':
                self._reset()
            elif self._value(CONTROL, 'mode') in ('FAULT', 'ESTOP'):
                self._accepted('control_node/mode/reset')
            elif self._value(CONTROL, 'mode') == 'IDLE':
                self._accepted('control_node/mode/hold')
            return self._value(CONTROL, 'mode') == 'HOLD' and self._value(GATE, 'state') == 'PASS'

        self._until(ready, READY_S, 'mode HOLD and the gate to pass')

    def _reset(self) -> None:
        """Open the latch; an arm that was pushed against something is in simulation looked at."""
        if not self._accepted('safety_node/reset') and 'not following' in self._answer:
            self._accepted('safety_node/reset_from_measured')

    def _demand(self, service: str) -> None:
        answer = self._client.call(service)
        if not answer.success:
            raise DemoError(f'{service} was refused: {answer.message}')

    def _accepted(self, service: str) -> bool:
        self._client.spin(0.2)
        answer = self._client.call(service)
        self._answer = f'; {service} says: {answer.message}'
        return bool(answer.success)

    def _until(self, condition: Callable[[], object], timeout_s: float, what: str) -> None:
        self._answer = ''
        if not self._turn(condition, timeout_s):
            said = {topic: self._last(topic) for topic in (GATE, CONTROL, POLICY)}
            now = ', '.join(f'{topic.partition("/")[0]}: {text}' for topic, text in said.items())
            raise DemoError(f'waited {timeout_s:g} s for {what}; {now}{self._answer}')

    def _last(self, topic: str) -> str:
        values = self._values(topic)
        keys = ('mode', 'state', 'fault', 'reason', 'message', 'joint_states')
        return ' '.join(values[key] for key in keys if values.get(key)) or 'silent'

    def _turn(self, condition: Callable[[], object], timeout_s: float) -> bool:
        """Move all on until the condition holds; return whether it does."""
        end = self._clock.now_ns() + round(timeout_s * 1e9)
        while not condition():
            if not self._supervisor.poll():
                raise DemoError(self._supervisor.failure or 'the run has ended early')
            if self._clock.now_ns() > end:
                return False
            self._client.spin(0.05)
            self._look()
        return True

    def _look(self) -> None:
        statuses = {topic: self._values(topic) for topic in (CONTROL, GATE, POLICY, WITNESS)}
        witness = statuses[WITNESS]
        for key, total in self._violations.items():
            if key in witness:
                total.update(int(number(witness, key)))
        for camera, count in self._frames.items():
            count.update(camera, witness, statuses[POLICY])
        self._view.update(self._clock.now_ns(), self._headline, statuses)

    def _values(self, topic: str) -> dict[str, str]:
        status = self._client.status(topic, FRESH_S)
        return {} if status is None else status.values

    def _value(self, topic: str, key: str) -> str:
        return self._values(topic).get(key, '')

    def _moment(self) -> Moment:
        self._client.spin(0.15)
        control = self._client.status(CONTROL, FRESH_S)
        return Moment(
            now_ns=self._clock.now_ns(),
            control_stamp_ns=0 if control is None else control.stamp_ns,
            statuses={topic: self._values(topic) for topic in (CONTROL, GATE, POLICY, WITNESS)},
            cpu_s=cpu_seconds(self._supervisor.pids()),
        )


def _interrupt(number_: int, frame: object) -> None:
    raise KeyboardInterrupt


def run_demo(
    supervisor: Supervisor,
    view: DemoView,
    asked: Sequence[Assignment],
    limit_s: float = EPISODE_S,
) -> Demo | None:
    """Do the episodes and end all; return the run, None when it did not come to its end."""
    from robot_runtime.ros.session_client import SessionClient, SessionError

    for number_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number_, _interrupt)
    clock = SteadyClock()
    run = None
    reason = 'the demo is over'
    try:
        if not supervisor.start():
            refuse('nothing was started')
        with SessionClient(name=f'demo_{os.getpid()}') as client:
            run = Demo(supervisor, client, view)
            run.run(asked, limit_s)
    except (DemoError, SessionError) as error:
        typer.echo(f'robot-runtime: {error}', err=True)
        run = None
    except KeyboardInterrupt:
        run, reason = None, 'interrupted'
    for number_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number_, signal.SIG_IGN)  # The stop is under way, and bounded
    supervisor.request_stop(reason)
    while supervisor.poll():
        clock.sleep_until(clock.now_ns() + 20_000_000)
    return run
