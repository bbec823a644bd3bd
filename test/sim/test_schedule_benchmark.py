"""The benchmark of schedules: what it arranges, what it looks at, what it shows."""

from pathlib import Path

from benchmarks.schedules import arranged, DELAYS_MS, KINDS, Look, plot, row, table
import numpy as np
import pytest
from robot_runtime.core.control import ControlReport
from robot_runtime.core.mode import Mode
from robot_runtime.core.types import Command, Motion
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.policy_card import load_card, PolicyCard
from robot_runtime.sim.episode import assignments, Outcome

CARD = load_card(model_folder('pick'))
NONE = np.zeros(8)


@pytest.mark.parametrize('kind', KINDS)
def test_each_schedule_is_one_that_a_card_may_have_at_every_delay(kind: str) -> None:
    for delay_ms in DELAYS_MS:
        card = arranged(CARD, kind, delay_ms / 1e3)
        written = card.model_dump(by_alias=True, exclude_unset=True)
        assert PolicyCard(**written).schedule.kind == kind
        assert card.schedule.period_s >= (0.5 if kind == 'sync' else max(0.2, delay_ms / 1e3))


def seen(
    look: Look, target: float | None, merged: tuple[int, ...] = (), acceleration: float = 0.0,
    mode: Mode = Mode.POLICY,
) -> None:  # fmt: skip
    wanted = None if target is None else np.full(8, target)
    report = ControlReport(mode, '', wanted, NONE.astype(np.uint8), False, 0, merged, 0)
    motion = Motion(NONE, NONE, np.full(8, acceleration))
    look(report, Command(1, 0, motion))


def test_a_seam_is_the_step_of_the_target_where_a_chunk_takes_over_from_another() -> None:
    look = Look(0.004)
    seen(look, 1.0, merged=(1,))
    seen(look, 1.5)
    seen(look, 1.7, merged=(2,))
    look.restart()
    seen(look, 9.0, merged=(3,))
    assert look.seams == pytest.approx([0.2])


def test_jerk_is_counted_while_the_policy_moves_the_robot() -> None:
    look = Look(0.004)
    seen(look, 0.0, acceleration=5.0, mode=Mode.HOLD)
    for acceleration in (0.0, 0.04, 0.0):
        seen(look, 0.0, acceleration=acceleration)
    figures = row('blend', 50, [], look)
    assert figures['jerk'] == pytest.approx(10.0)


def test_figures_of_a_cell_are_a_row_of_the_table_and_points_of_the_plot(tmp_path: Path) -> None:
    asked = assignments(2, 5)
    outcomes = [Outcome(asked[0], True, 8.0, ('red',), 0), Outcome(asked[1], False, 30.0, (), 1)]
    figures = row('sync', 100, outcomes, Look(0.004))
    assert (figures['success'], figures['seconds'], figures['failed_seeds']) == (1, 8.0, [6])
    assert '| sync | 100 | 1 of 2 | 8.0 | 0.0 | 0.0 | 0.0 | 0 | 0 | 1 |' in table([figures])
    lost = row('latest', 100, outcomes[1:], Look(0.004))
    assert '| latest | 100 | 0 of 1 | - |' in table([lost])
    plot([figures, lost], tmp_path / 'plot.png')
    assert (tmp_path / 'plot.png').stat().st_size < 150_000
