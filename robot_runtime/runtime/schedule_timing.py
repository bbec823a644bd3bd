"""Timing of a schedule: whether inferences as slow as they are here can keep the robot moving."""

from statistics import median

from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.onnx_policy import OnnxPolicy
from robot_runtime.runtime.policy_card import PolicyCard

RUNS = 5
SECOND = 1_000_000_000


def check_timing(card: PolicyCard, delay_s: float) -> None:
    """
    Refuse a schedule that inferences of `delay_s` cannot keep, d rows of a chunk each.

    With H rows, s of which pass from one inference to the next: d > s and d > H - s cannot be.
    For 'sync' the robot waits, however long it takes.
    """
    schedule, output = card.schedule, card.output
    if schedule.kind == 'sync':
        return
    who, rows = f'card {card.name}', output.rows
    takes = f'an inference takes {delay_s:.3g} s here'
    if delay_s > schedule.period_s:
        raise ConfigError(
            f'{who}: {takes}, more than the {schedule.period_s:g} s of schedule.period_s from one '
            f'to the next'
        )
    most = schedule.most_delay
    if schedule.kind.startswith('rtc_') and most is not None and delay_s > most * output.dt_s:
        raise ConfigError(
            f'{who}: {takes}, more than the {most} rows of schedule.most_delay that the policy '
            f'can be late'
        )
    s = round(schedule.period_s / output.dt_s)
    # Rows that have passed: one that is being passed is held, and so is the last one.
    d = int(delay_s / output.dt_s) if output.anchor == 'observation' else 0
    if d > rows - s:
        raise ConfigError(
            f'{who}: {takes}, {d} rows, and schedule.period_s is {s} rows, so that a chunk of '
            f'{rows} rows is over before the next one comes'
        )


def measured_delay_s(policy: OnnxPolicy, runs: int = RUNS) -> float:
    """Return the median time of an inference on this machine."""
    clock, times = SteadyClock(), list[int]()
    for _ in range(runs):
        begin_ns = clock.now_ns()
        policy.warm_up()
        times.append(clock.now_ns() - begin_ns)
    return median(times) / SECOND
