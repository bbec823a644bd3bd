"""Gaps in a numbered stream: how many messages their numbers say were sent and never came."""


class SequenceGaps:
    """Counts by the number that the sender's middleware gave each message, for each sender."""

    def __init__(self) -> None:
        """Begin without a message."""
        self._last: dict[bytes, int] = {}
        self.lost = 0

    @property
    def numbered(self) -> bool:
        """Return whether a number was ever seen; not every middleware gives them."""
        return bool(self._last)

    def take(self, sender: bytes, number: int) -> None:
        """Count up to the message with this number; what was sent before, nobody awaited."""
        last = self._last.get(sender, number - 1)
        self.lost += max(0, number - last - 1)
        self._last[sender] = max(number, last)
