"""Schedule: which chunk speaks at an instant, and how one hands over to the next."""

from dataclasses import dataclass, field, replace

import numpy as np
from robot_runtime.core.chunk import Chunk
from robot_runtime.core.ensemble import Ensemble, Mixing, MOST
from robot_runtime.core.types import Floats

KINDS = ('latest', 'blend', 'sync', 'ensemble')
FOREVER_NS = 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The newest chunk, those before it that still count, and when the newest took over."""

    kind: str = 'latest'  # one of KINDS
    blend_ns: int = 0  # how long a handover takes, for all but 'latest'
    chunks: tuple[Chunk, ...] = ()  # at most 2, for 'ensemble' MOST; the newest last
    merged_ns: int = 0  # steady clock: when the newest took over
    executed_ns: int = 0  # for 'sync': how much of a chunk is played; 0: all of it
    mixing: Mixing = field(default_factory=Mixing)
    ensemble: Ensemble | None = None  # of `chunks`, for 'ensemble'

    def __post_init__(self) -> None:
        """Refuse an unknown kind."""
        if self.kind not in KINDS:
            raise ValueError(f'schedule kind is {self.kind!r}; allowed: {", ".join(KINDS)}')


def merge(schedule: Schedule, chunk: Chunk, now_ns: int) -> Schedule:
    """
    Return the schedule with `chunk` as the newest; unchanged when it is not newer.

    So a lost, doubled or re-ordered chunk does no harm. A chunk replaced before it took over
    never spoke: it is forgotten, and the handover is from the one that was speaking.
    """
    chunks, ensemble = schedule.chunks, None
    if chunks and chunk.stamp_ns <= chunks[-1].stamp_ns:
        return schedule
    spoken = chunks[:-1] if now_ns <= schedule.merged_ns else chunks
    if schedule.kind == 'ensemble':
        lasting = [old for old in spoken if old.end_ns > now_ns]
        chunks = (*lasting[1 - MOST:], chunk)
        ensemble = Ensemble.of(chunks, schedule.mixing.ratio)
    else:
        chunks = (*spoken[-1:], chunk)
    # Before its start the chunk says nothing, so the one before it speaks until then.
    return replace(
        schedule, chunks=chunks, merged_ns=max(now_ns, chunk.start_ns), ensemble=ensemble
    )


def speaking(schedule: Schedule, now_ns: int) -> Chunk | None:
    """Return the newest chunk that steers at `now_ns`, be it over or not; None without one."""
    for chunk in reversed(schedule.chunks):
        if chunk.start_ns <= now_ns:
            return chunk
    return None


def ended_for(schedule: Schedule, now_ns: int) -> int:
    """Return how long ago [ns] the last chunk ended; negative while one lasts, -1 without one."""
    return max((now_ns - chunk.end_ns for chunk in schedule.chunks[-1:]), default=-1)


def playing(schedule: Schedule, now_ns: int, grace_ns: int | None = None) -> bool:
    """Return whether a chunk moves the robot; 'sync' holds the end of one that is over."""
    chunk = speaking(schedule, now_ns)
    if chunk is None:
        return False
    if schedule.kind == 'sync':
        return now_ns < chunk.start_ns + _executed_ns(schedule, chunk)
    return chunk.at(now_ns, grace_ns) is not None


def sample(
    schedule: Schedule, now_ns: int, grace_ns: int | None = None, faded_ns: int | None = None
) -> Floats | None:
    """
    Return the target at `now_ns`, (J,); None when no chunk has one.

    A handover stands where it does at `faded_ns`, by default now.
    """
    chunk = speaking(schedule, now_ns)
    if chunk is None:
        return None
    new = _alone(schedule, chunk, now_ns, grace_ns)
    if new is None:
        return None
    mixing, share = schedule.mixing, 1.0
    if mixing.discrete is not None:
        held = _alone(schedule, replace(chunk, interpolation='zoh'), now_ns, grace_ns)
        new = new if held is None else np.where(mixing.discrete, held, new)
    since_ns = (now_ns if faded_ns is None else faded_ns) - schedule.merged_ns
    if schedule.kind != 'latest' and 0 <= since_ns < schedule.blend_ns:
        share = since_ns / schedule.blend_ns
    if schedule.ensemble is not None:
        mean = schedule.ensemble.at(now_ns, share, mixing)
        return mean if mixing.discrete is None else np.where(mixing.discrete, new, mean)
    if share == 1.0 or len(schedule.chunks) < 2 or chunk is schedule.chunks[0]:
        return new
    old = _alone(schedule, schedule.chunks[0], now_ns, grace_ns)
    return new if old is None else mixing.between(old, new, share)


def ahead(
    schedule: Schedule, now_ns: int, soon_ns: int, target: Floats, grace_ns: int | None = None
) -> Floats | None:
    """
    Return where the motion of `target` leads until `soon_ns`, None where it is no motion.

    A step between two held rows is a jump of the target, not a velocity. Nor is a handover: it
    ends, and who has taken up its speed goes past the end.
    """
    chunk = speaking(schedule, now_ns)
    if chunk is None or chunk.interpolation == 'zoh' or speaking(schedule, soon_ns) is not chunk:
        return None
    soon = sample(schedule, soon_ns, grace_ns, faded_ns=now_ns)
    if soon is None:
        return None
    discrete = schedule.mixing.discrete
    return soon if discrete is None else np.where(discrete, target, soon)


def _alone(
    schedule: Schedule, chunk: Chunk, now_ns: int, grace_ns: int | None
) -> Floats | None:
    """Return what one chunk wants at `now_ns`; 'sync' holds it where its executed part ends."""
    if schedule.kind != 'sync':
        return chunk.at(now_ns, grace_ns)
    end_ns = chunk.start_ns + _executed_ns(schedule, chunk)
    return chunk.at(min(now_ns, end_ns - 1), FOREVER_NS)


def _executed_ns(schedule: Schedule, chunk: Chunk) -> int:
    whole_ns = chunk.end_ns - chunk.start_ns
    return min(schedule.executed_ns, whole_ns) if schedule.executed_ns else whole_ns
