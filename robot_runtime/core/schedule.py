"""Schedule: which chunk speaks at an instant, and how one hands over to the next."""

from dataclasses import dataclass, replace

from robot_runtime.core.chunk import Chunk
from robot_runtime.core.types import Floats

KINDS = ('latest', 'blend')


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The newest chunk, the one before it, and when the newest took over."""

    kind: str = 'latest'  # one of KINDS
    blend_ns: int = 0  # how long a handover takes, for 'blend'
    chunks: tuple[Chunk, ...] = ()  # at most 2, the newest last
    merged_ns: int = 0  # steady clock: when the newest took over

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
    chunks = schedule.chunks
    if chunks and chunk.stamp_ns <= chunks[-1].stamp_ns:
        return schedule
    spoken = chunks[:-1] if now_ns <= schedule.merged_ns else chunks[-1:]
    # Before its start the chunk says nothing, so the one before it speaks until then.
    return replace(
        schedule, chunks=(*spoken, chunk), merged_ns=max(now_ns, chunk.start_ns)
    )


def speaking(schedule: Schedule, now_ns: int) -> Chunk | None:
    """Return the chunk that steers at `now_ns`, be it over or not; None without one."""
    for chunk in reversed(schedule.chunks):
        if chunk.start_ns <= now_ns:
            return chunk
    return None


def ended_for(schedule: Schedule, now_ns: int) -> int:
    """Return how long ago [ns] the last chunk ended; negative while one lasts, -1 without one."""
    return max((now_ns - chunk.end_ns for chunk in schedule.chunks[-1:]), default=-1)


def sample(schedule: Schedule, now_ns: int, grace_ns: int | None = None) -> Floats | None:
    """Return the target at `now_ns`, (J,); None when no chunk has one."""
    chunk = speaking(schedule, now_ns)
    if chunk is None:
        return None
    new = chunk.at(now_ns, grace_ns)
    since_ns = now_ns - schedule.merged_ns
    blending = schedule.kind == 'blend' and 0 <= since_ns < schedule.blend_ns
    if new is None or not blending or len(schedule.chunks) < 2 or chunk is schedule.chunks[0]:
        return new
    old = schedule.chunks[0].at(now_ns, grace_ns)
    if old is None:
        return new
    target: Floats = old + (new - old) * (since_ns / schedule.blend_ns)
    return target
