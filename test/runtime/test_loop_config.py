"""Configuration of loop and gate: the same numbers for both, at any speed."""

from robot_runtime.core.chunk import Chunk
from robot_runtime.runtime.gate_config import gate_config
from robot_runtime.runtime.loop_config import control_config, placed
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.policy_card import load_card
from robot_runtime.runtime.robot_file import load_robot

ROBOT, CARD = load_robot('fr3'), load_card(model_folder('scripted_pick'))
PERIOD = 4_000_000


def test_loop_and_gate_have_the_same_bounds_and_speed_scales_them() -> None:
    loop, gate = control_config(ROBOT, CARD, PERIOD, 0.5), gate_config(ROBOT, PERIOD, True, 0.5)
    full = ROBOT.limits()
    for bounds in (loop.limits, gate.limits):
        assert (bounds.velocity == 0.5 * full.velocity).all()
        assert (bounds.acceleration == 0.5 * full.acceleration).all()
        assert (bounds.upper == full.upper).all()
    assert (loop.speed, loop.schedule_kind, loop.blend_ns) == (0.5, 'blend', 100_000_000)


def test_a_gate_without_a_real_time_class_waits_longer_for_a_command() -> None:
    assert gate_config(ROBOT, PERIOD, True).budget_ns == 20_000_000
    assert gate_config(ROBOT, PERIOD, False).budget_ns == 60_000_000


def test_a_chunk_begins_at_its_observation_or_when_it_arrives_as_its_card_says() -> None:
    chunk = Chunk(100, 50, ROBOT.home_position[None], 7)
    held = CARD.output.model_copy(update={'anchor': 'arrival', 'interpolation': 'zoh'})
    seen, late = placed(chunk, CARD.output, 140), placed(chunk, held, 140)
    assert (seen.start_ns, seen.interpolation) == (100, 'linear')
    assert (late.start_ns, late.interpolation, late.stamp_ns) == (140, 'zoh', 7)


def test_loop_and_gate_know_the_robots_shape_each_by_its_own() -> None:
    loop = control_config(ROBOT, CARD, PERIOD, space=True)
    gate = gate_config(ROBOT, PERIOD, True, space=True)
    assert loop.body is not None
    assert gate.body is not None
    assert loop.body is not gate.body
    assert loop.body.labels == gate.body.labels
    assert 'fr3_hand and table' in loop.body.labels
