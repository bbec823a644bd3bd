"""Gaps in a camera's stream: how many frames its stamps say were sent and never came."""

FOLLOW = 0.25  # share of a frame's deviation that the grid follows: jitter no, drift yes
RESTART_NS = 1_000_000_000


class FrameGaps:
    """
    Counts the frames missing between those that came, by the stamps of their sender.

    Stamps are held against a grid of the camera's period that slowly follows them, so a frame up
    to a quarter of a period early or late is no loss, nor is a clock that runs a little slower.
    A camera that sends fewer frames than its robot file says counts as losing the rest. Stamps
    that go back, or on, by over a second are a new stream: nobody knows what was sent between.
    """

    def __init__(self, period_ns: int) -> None:
        """Begin without a frame; `period_ns` is the time between two frames."""
        self._period_ns = period_ns
        self._last_ns: int | None = None
        self._due_ns = 0.0
        self.lost = self.restarts = self.stale = 0

    def take(self, stamp_ns: int) -> bool:
        """Count up to the frame of this stamp; return whether it is newer than the last one."""
        last_ns, period_ns = self._last_ns, self._period_ns
        if last_ns is None or abs(stamp_ns - last_ns) > max(RESTART_NS, 4 * period_ns):
            self.restarts += last_ns is not None
            self._last_ns, self._due_ns = stamp_ns, float(stamp_ns + period_ns)
            return True
        if stamp_ns <= last_ns:
            self.stale += 1
            return False
        missed = round((stamp_ns - self._due_ns) / period_ns)
        self.lost += max(0, missed)
        away_ns = stamp_ns - self._due_ns - missed * period_ns
        self._due_ns += (missed + 1) * period_ns + FOLLOW * away_ns
        self._last_ns = stamp_ns
        return True
