"""Charts of a run's report: joints against limits, modes and latencies, each as SVG text."""

from io import StringIO
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
import numpy as np
from numpy.typing import NDArray
from robot_runtime.cli.run_facts import RunFacts
from robot_runtime.core.guard import fastest_toward
from robot_runtime.core.mode import LATCHED, Mode
from robot_runtime.core.types import Limits

MOST_POINTS = 1600  # of one line; of more, the extremes are kept
TARGET, COMMAND, MEASURED, LIMIT = '#9aa5b1', '#2463eb', '#e8710a', '#d03036'
COLOURS = {
    Mode.IDLE: '#e4e7eb', Mode.HOLD: '#cbd2d9', Mode.POLICY: '#8fb8f6', Mode.FAULT: '#f29b9e',
    Mode.TELEOP: '#f7c66b', Mode.SHADOW: '#c9b6f2', Mode.HOME: '#a5d8b4', Mode.ESTOP: '#e05d62',
}  # fmt: skip
STYLE = {
    'svg.fonttype': 'none', 'svg.hashsalt': 'robot_runtime', 'font.size': 8.5,
    'font.family': 'sans-serif', 'axes.spines.top': False, 'axes.spines.right': False,
    'axes.edgecolor': '#7b8794', 'axes.titlesize': 9.5, 'axes.titlelocation': 'left',
}  # fmt: skip


def svg(figure: Figure) -> str:
    """Return a figure as an SVG element that scales with the page."""
    out = StringIO()
    with rc_context(STYLE):
        figure.savefig(out, format='svg', metadata={'Date': None, 'Creator': None})
    text = out.getvalue()
    return text[text.index('<svg'):]


def _figure(width: float, height: float, rows: int, columns: int) -> tuple[Figure, Any]:
    with rc_context(STYLE):
        figure = Figure((width, height), layout='constrained')
        return figure, figure.subplots(rows, columns, squeeze=False)


def thinned(
    x: NDArray[np.float64], y: NDArray[np.float64], most: int = MOST_POINTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a line of at most `most` points that still has its extremes; NaN parts it."""
    step = -(-2 * len(x) // most)
    if step <= 2:
        return x, y
    keep = []
    for start in range(0, len(x), step):
        part = y[start:start + step]
        known = np.flatnonzero(np.isfinite(part))
        if len(known) < len(part):
            keep.append(start + int(np.argmin(np.isfinite(part))))
        if len(known):
            low, high = known[np.argmin(part[known])], known[np.argmax(part[known])]
            keep += [start + int(low), start + int(high)]
    index = np.unique(keep)
    return x[index], y[index]


def joints(facts: RunFacts, names: tuple[str, ...], limits: Limits) -> str:
    """Return position and velocity of each joint: target, command, measured, and the limits."""
    ticks, at_s = facts.ticks, facts.at_s
    figure, axes = _figure(11.0, 1.75 * len(names), len(names), 2)
    down = fastest_toward(ticks['q'] - limits.velocity_lower_end, limits)
    up = fastest_toward(limits.velocity_upper_end - ticks['q'], limits)
    for k, name in enumerate(names):
        place, speed = axes[k]
        unit = 'm' if limits.upper[k] - limits.lower[k] < 0.2 else 'rad'
        for key, colour, label, width in (
            ('target', TARGET, 'target', 1.8), ('measured', MEASURED, 'measured', 1.4),
            ('q', COMMAND, 'command', 0.9),
        ):  # fmt: skip
            place.plot(*thinned(at_s, ticks[key][:, k]), color=colour, lw=width, label=label)
        for end in (limits.lower[k], limits.upper[k]):
            place.axhline(end, color=LIMIT, lw=0.9, ls=(0, (4, 3)))
        place.set_title(f'{name}: position [{unit}]')
        speed.plot(*thinned(at_s, ticks['v'][:, k]), color=COMMAND, lw=0.9)
        for bound in (up[:, k], -down[:, k]):
            speed.plot(*thinned(at_s, bound), color=LIMIT, lw=0.9, ls=(0, (4, 3)))
        speed.set_title(f'{name}: commanded velocity [{unit}/s]')
        for axis in (place, speed):
            _mark(axis, facts)
    axes[0, 0].legend(loc='upper right', ncols=3, fontsize=7.5, framealpha=0.85)
    for axis in axes[-1]:
        axis.set_xlabel('time [s]')
    return svg(figure)


def _mark(axis: Any, facts: RunFacts) -> None:
    axis.set_xlim(0.0, facts.at_s[-1])
    axis.margins(y=0.08)
    for start, _, _ in facts.episodes:
        axis.axvline(start, color='#52606d', lw=0.6, ls=':')
    for mode, start, end in facts.modes:
        if mode in LATCHED:
            axis.axvspan(start, end, color=COLOURS[mode], alpha=0.35, lw=0)


def timeline(facts: RunFacts) -> str:
    """Return one band of modes, with the episodes marked."""
    figure, axes = _figure(11.0, 0.95, 1, 1)
    axis = axes[0, 0]
    for mode, start, end in facts.modes:
        axis.axvspan(start, end, color=COLOURS[mode], lw=0)
        if end - start > 0.04 * facts.at_s[-1]:
            axis.text((start + end) / 2, 0.5, mode.value, ha='center', va='center')
    for number, (start, _, _) in enumerate(facts.episodes, 1):
        axis.axvline(start, color='#52606d', lw=0.9)
        axis.text(start, 1.06, f' {number}', ha='left', va='bottom')
    axis.set_xlim(0.0, facts.at_s[-1])
    axis.set_ylim(0.0, 1.0)
    axis.set_yticks([])
    axis.set_xlabel('time [s]; a line with a number is where an episode begins')
    return svg(figure)


def latencies(facts: RunFacts, period_ms: float) -> str:
    """Return histograms of what the loop, the joint states and the chunks took."""
    figure, axes = _figure(11.0, 2.4, 1, 3)
    shown = (
        (facts.interval_ms - period_ms, 'tick: earlier or later than a period', True),
        (facts.command_age_ms, 'joint state: age when a tick used it', True),
        (facts.chunk_age_ms, 'chunk: age of its observation on arrival', False),
    )
    for axis, (values, title, many) in zip(axes[0], shown, strict=True):
        axis.set_title(title)
        axis.set_xlabel('ms')
        if not len(values):
            axis.text(0.5, 0.5, 'none', transform=axis.transAxes, ha='center')
            continue
        low, high = np.percentile(values, (0.05, 99.95))
        axis.hist(np.clip(values, low, high), bins=60, color=COMMAND, log=many)
        for share, style in ((50, '-'), (99, '--')):
            at = float(np.percentile(values, share))
            axis.axvline(at, color=LIMIT, lw=1.0, ls=style, label=f'p{share} {at:.2f} ms')
        axis.legend(fontsize=7.5, framealpha=0.85, title=f'worst {values.max():.2f} ms')
        axis.set_ylabel('how many')
    return svg(figure)
