"""Tests of the gate: what every event does in every state."""

from dataclasses import replace

from gate_robot import (
    after,
    EPOCH,
    in_phase,
    MS,
    P,
    REST,
    seed_of,
    seen,
)
import numpy as np
import pytest
from robot_runtime.core.gate import (
    estop,
    Phase,
    reset,
    stop,
)
from robot_runtime.core.types import Motion

PHASES = [
    (Phase.IDLE, False),
    (Phase.IDLE, True),
    (Phase.PASS, False),
    (Phase.COAST, False),
    (Phase.BRAKING, True),
    (Phase.REST, False),
    (Phase.REST, True),
]
STAY = None
TABLE = {
    # event: state after it, in the order of PHASES
    'good command': (STAY, STAY, Phase.PASS, Phase.PASS, STAY, STAY, STAY),
    'bad command': (STAY, STAY, Phase.BRAKING, Phase.BRAKING, STAY, STAY, STAY),
    'old tick': (STAY, STAY, STAY, STAY, STAY, STAY, STAY),
    'old epoch': (STAY, STAY, STAY, STAY, STAY, STAY, STAY),
    'new seed': (Phase.PASS, STAY, Phase.BRAKING, Phase.BRAKING, STAY, Phase.PASS, STAY),
    'wrong seed': (STAY, STAY, Phase.BRAKING, Phase.BRAKING, STAY, Phase.BRAKING, STAY),
    'new epoch, late tick': (STAY, STAY, Phase.BRAKING, Phase.BRAKING, STAY, Phase.BRAKING, STAY),
    'state missing': (STAY, STAY, Phase.BRAKING, Phase.BRAKING, STAY, STAY, STAY),
    'silence': (STAY, STAY, Phase.BRAKING, Phase.BRAKING, STAY, STAY, STAY),
    'e-stop pressed': (STAY, STAY, Phase.BRAKING, Phase.BRAKING, STAY, Phase.REST, STAY),
    'e-stop service': (STAY, STAY, Phase.BRAKING, Phase.BRAKING, STAY, Phase.BRAKING, STAY),
    'stop': (STAY, STAY, Phase.BRAKING, Phase.BRAKING, STAY, Phase.BRAKING, STAY),
    'reset': (STAY, STAY, STAY, STAY, STAY, STAY, STAY),
}


def happen(rig, event):
    gate, seed = rig.gate, seed_of(rig)
    if event == 'good command':
        rig.send(gate.tick + 1, after(gate.motion or REST, np.zeros(8)), max(gate.epoch_ns, 0))
    elif event == 'bad command':
        bad = replace(gate.motion or REST, position=np.full(8, np.nan))
        rig.send(gate.tick + 1, bad, gate.epoch_ns if gate.motion else EPOCH)
    elif event == 'old tick':
        rig.send(gate.tick, gate.motion or REST, gate.epoch_ns)
    elif event == 'old epoch':
        rig.send(0, seed, gate.epoch_ns - 1)
    elif event == 'new seed':
        rig.send(0, seed, EPOCH + 1)
    elif event == 'wrong seed':
        rig.send(0, Motion.at_rest(seed.position + 0.2), EPOCH + 1)
    elif event == 'new epoch, late tick':
        rig.send(7, seed, EPOCH + 1)
    elif event == 'state missing':
        rig.sensed = None
        rig.tick()
    elif event == 'silence':
        rig.now += 61 * MS
        rig.tick()
        rig.gate = replace(rig.gate, next_emit_ns=rig.now + P)
    elif event == 'e-stop pressed':
        rig.estop = seen(True, rig.now)
        rig.tick()
    elif event == 'e-stop service':
        rig.gate = estop(rig.config, gate, rig.now, 'service')
    elif event == 'stop':
        rig.gate = stop(rig.config, gate, rig.now, 'deactivated')
    elif event == 'reset':
        rig.gate, _, _ = reset(rig.config, gate, rig.measured(), rig.now)


@pytest.mark.parametrize('event', TABLE)
@pytest.mark.parametrize('column', range(len(PHASES)))
def test_every_event_in_every_state_leads_where_the_table_says(event, column):
    phase, latched = PHASES[column]
    rig = in_phase(phase, latched)
    reason, known = rig.gate.reason, len(rig.sent)
    happen(rig, event)
    expected = TABLE[event][column] or phase
    if event == 'e-stop pressed' and rig.state is Phase.BRAKING and phase is Phase.REST:
        rig.run(P)  # due one period after what was held
    assert rig.state is expected
    if latched and event != 'reset':
        assert rig.gate.latched
        assert rig.gate.reason == reason
    if rig.state is Phase.BRAKING:
        assert rig.gate.latched
        assert rig.gate.reason
    if event == 'reset' and phase in (Phase.REST, Phase.IDLE):
        assert not rig.gate.latched
    if event in ('e-stop pressed', 'e-stop service', 'stop'):
        assert rig.gate.latched
    for motion in rig.sent[known:]:
        assert np.isfinite(motion.position).all()
