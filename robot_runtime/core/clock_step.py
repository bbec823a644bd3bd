"""Step of the ROS clock: how far it jumped against the steady clock, between two readings."""

STEP_NS = 2_000_000  # within a second: no clock is that far from its right rate
SECOND = 1_000_000_000
READING_NS = 200_000  # a reading that took longer was interrupted: nobody knows where


class ClockSteps:
    """
    Watches the difference of the two clocks, which only a step of one of them changes.

    The steady clock never steps. NTP lets the other one run a little faster or slower, which the
    reference follows once a second.
    """

    def __init__(self) -> None:
        """Begin without a reading."""
        self._offset_ns: int | None = None
        self._at_ns = 0

    def read(self, before_ns: int, ros_ns: int, after_ns: int) -> int:
        """
        Take the ROS time that was read between two steady times; return the step [ns].

        It is 0 for none, and below 0 where the clock was set back.
        """
        if after_ns - before_ns > READING_NS:
            return 0
        offset_ns = ros_ns - (before_ns + after_ns) // 2
        known_ns = self._offset_ns
        step_ns = 0 if known_ns is None else offset_ns - known_ns
        if abs(step_ns) <= STEP_NS:
            step_ns = 0
        if step_ns or known_ns is None or before_ns - self._at_ns >= SECOND:
            self._offset_ns, self._at_ns = offset_ns, before_ns
        return step_ns


def stepped(step_ns: int) -> str:
    """Return in words that the clock has stepped."""
    way = 'back' if step_ns < 0 else 'forward'
    return f'the clock of this host was set {way} by {abs(step_ns) / 1e6:.1f} ms'
