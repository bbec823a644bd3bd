"""Summary of a robot: what is wrong, for how long, what to do, and an exit code for it."""

import pytest
from robot_runtime.cli.robot_status import Heard, LATCHED, NOT_READY, READY, summary

S = 1_000_000_000
NOW = 1_700_000_000 * S
LOOP = {
    'mode': 'HOLD', 'since_ns': str(NOW - 12 * S), 'fault': '', 'joint_states': 'ok',
    'notice': '', 'step': 'off',
}  # fmt: skip
GATE = {'state': 'PASS', 'latched': '0', 'latched_since_ns': '0', 'reason': '', 'blocked': ''}
MODEL = {'policy': 'pick', 'state': 'ready'}


def told(loop=(), gate=(), **silent):
    heard = {
        'control': Heard(NOW, LOOP | dict(loop)),
        'gate': Heard(NOW, GATE | dict(gate)),
        'policy': Heard(NOW, MODEL),
    }
    return summary(**(heard | silent))


def test_a_robot_that_is_well_shows_mode_and_since_and_ends_with_0():
    short = told()
    assert short.code == READY == 0
    assert short.lines() == [
        'mode: HOLD', 'for_s: 12.0', 'gate: PASS', 'policy: pick, ready',
        'next: `robot-runtime mode policy` lets the policy move it',
    ]


@pytest.mark.parametrize(
    ('reason', 'advice'),
    [('e-stop: pressed', 'release the e-stop; then `robot-runtime reset`'),
     ('robot not following: fr3_joint2 is 0.3 from the command, allowed 0.15',
      'free the robot, and move it back or add --from-measured to the reset; then'),
     ('joint state missing for 61.0 ms, allowed 50', 'see that the driver sends joint_states'),
     ('command refused: velocity: fr3_joint1 3, allowed 1', 'see to the cause, then')],
)
def test_a_latch_shows_what_when_how_long_and_what_to_do_and_ends_with_3(reason, advice):
    mode = 'ESTOP' if reason.startswith('e-stop') else 'FAULT'
    short = told(
        {'mode': mode, 'fault': f'the gate is latched: {reason}', 'since_ns': str(NOW - 5 * S)},
        {'state': 'REST', 'latched': '1', 'latched_since_ns': str(NOW - 5 * S), 'reason': reason},
    )
    assert short.code == LATCHED == 3
    assert (short.facts['fault'], short.facts['fault_for_s']) == (reason, 5.0)
    assert short.facts['fault_at'].startswith('20')
    assert short.facts['next'].startswith(advice)


def test_a_latched_gate_is_shown_when_control_is_dead():
    short = told(gate={'latched': '1', 'latched_since_ns': str(NOW - 2 * S),
                       'reason': 'command late: none for 15 ms'}, control=None)
    assert (short.code, short.facts['silent']) == (LATCHED, 'control_node')
    assert short.facts['fault_for_s'] == 2.0


def test_a_fault_of_control_alone_is_shown_with_its_own_time():
    fault = 'joint state is 61.0 ms old; allowed: 50.0 ms'
    short = told({'mode': 'FAULT', 'fault': fault, 'since_ns': str(NOW - 3 * S)})
    assert (short.facts['fault'], short.facts['fault_for_s']) == (fault, 3.0)
    assert short.facts['next'] == 'see that the driver sends joint_states; then ' + (
        '`robot-runtime reset`'
    )


@pytest.mark.parametrize(
    ('change', 'word'),
    [({'control': None}, 'see why control_node does not run'),
     ({'policy': None}, 'see why policy_node does not run'),
     ({'loop': {'joint_states': "joints ['x'] are not in"}}, 'see to the complaint'),
     ({'loop': {'mode': 'IDLE'}}, 'wait: control enters HOLD'),
     ({'gate': {'blocked': 'e-stop: never heard'}}, 'see to the complaint')],
)
def test_a_robot_that_is_not_ready_ends_with_4(change, word):
    short = told(**change)
    assert short.code == NOT_READY == 4
    assert short.facts['next'].startswith(word)


def test_a_chunk_that_waits_for_its_confirmation_is_what_to_do_next():
    short = told({'mode': 'POLICY', 'step': 'a chunk of 20 rows, 1 s, waits for mode/step'})
    assert short.facts['next'].startswith('`robot-runtime mode step`')
