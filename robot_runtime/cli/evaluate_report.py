"""Figures of an evaluation, as JSON with stable keys and as a table."""

from dataclasses import dataclass
import hashlib
from typing import Any

from rich.table import Column, Table
from robot_runtime.sim.episode import Conditions, Outcome


@dataclass(frozen=True, slots=True)
class Measurement:
    """All episodes of an evaluation, and the conditions under which they ran."""

    conditions: Conditions
    outcomes: tuple[Outcome, ...]
    realtime_factor: float
    delay_ms: float  # of an inference: given, or measured
    late_stops: int = 0  # live: stops because this machine was late, which were let go of


def figures_of(robot: str, policy: str, measured: Measurement, mode: str) -> dict[str, Any]:
    """Return the figures; the keys are stable, and the same live and in lockstep."""
    done, conditions = measured.outcomes, measured.conditions
    successes = [outcome.success for outcome in done]
    seconds = [outcome.seconds for outcome in done]
    return {
        'mode': mode,
        'robot': robot,
        'policy': policy,
        'episodes': len(done),
        'seed': done[0].assignment.seed,
        'success_rate': round(sum(successes) / len(done), 4),
        'success': _by_instruction(done),
        'seconds': round(sum(seconds) / len(done), 3),
        'realtime_factor': round(measured.realtime_factor, 3),
        'limit_violations': sum(outcome.violations for outcome in done),
        'delay_ms': round(measured.delay_ms, 3),
        'speed': conditions.speed,
        'ablation': conditions.ablation,
        'noise': conditions.noise,
        'light': conditions.light,
        'space': conditions.space,
        'time_limit_s': conditions.time_limit_s,
        'late_stops': measured.late_stops,
        'command_hash': _hash(done),
        'runs': [_run(outcome) for outcome in done],
    }


def _by_instruction(done: tuple[Outcome, ...]) -> dict[str, dict[str, Any]]:
    """Return, for each thing that was said, how often it was done."""
    found: dict[str, list[bool]] = {}
    for outcome in done:
        found.setdefault(outcome.assignment.instruction, []).append(outcome.success)
    return {
        text: {'episodes': len(all_), 'success_rate': round(sum(all_) / len(all_), 4)}
        for text, all_ in found.items()
    }


def _hash(done: tuple[Outcome, ...]) -> str | None:
    """Return the hash over the hashes of the episodes; None where they have none."""
    parts = [outcome.command_hash for outcome in done]
    if None in parts:
        return None
    return hashlib.sha256(''.join(str(part) for part in parts).encode()).hexdigest()


def _run(outcome: Outcome) -> dict[str, Any]:
    return {
        'seed': outcome.assignment.seed,
        'colour': outcome.assignment.colour,
        'instruction': outcome.assignment.instruction,
        'success': outcome.success,
        'seconds': round(outcome.seconds, 3),
        'placed': list(outcome.placed),
        'limit_violations': outcome.violations,
        'first_violation': outcome.first_violation,
        'fault': outcome.fault,
        'missing': outcome.missing,
        'inferences': outcome.inferences,
        'late_ticks': outcome.late_ticks,
        'command_hash': outcome.command_hash,
    }


def table(figures: dict[str, Any]) -> Table:
    """Return the figures as a table, with each episode that was not done."""
    result = Table('figure', Column('value', overflow='fold'), title='Evaluation')
    for key, value in figures.items():
        if key not in ('runs', 'success'):
            result.add_row(key, '-' if value is None else str(value))
    for text, one in figures['success'].items():
        result.add_row(f'"{text}"', f'{one["success_rate"]:.0%} of {one["episodes"]}')
    for run in figures['runs']:
        if not run['success']:
            why = run['fault'] or run['missing'] and f'missing: {run["missing"]}'
            placed = ', '.join(run['placed']) or 'nothing'
            result.add_row(
                f'seed {run["seed"]}: {run["colour"]} NOT done',
                f'{run["seconds"]} s; in the tray: {placed}' + (f'; {why}' if why else ''),
            )
    return result
