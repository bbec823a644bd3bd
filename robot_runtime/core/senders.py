"""Senders of one topic where one alone may speak: who it is, and whether there is a second."""


class Senders:
    """
    Knows the one who speaks by the identity that the middleware gives each publisher.

    Another one may follow when the first has been quiet for `quiet_ns`: a process that was started
    again, a second person. Where a speaker may not `return`, an earlier one that is heard again
    shows that two are there, however slowly they take turns.
    """

    def __init__(self, quiet_ns: int, may_return: bool) -> None:
        """Begin without having heard anyone."""
        self._quiet_ns, self._may_return = quiet_ns, may_return
        self.speaker = b''  # who may speak; empty: nobody was heard yet
        self._heard_ns = 0
        self._earlier: set[bytes] = set()

    def second(self, sender: bytes, now_ns: int, gone: bool = False) -> bool:
        """
        Take that a message of `sender` came; return whether it is one too many.

        `gone`: the one who spoke until now has left in good order.
        """
        if sender == self.speaker or not self.speaker:
            self.speaker, self._heard_ns = sender, now_ns
            return False
        quiet = gone or now_ns - self._heard_ns > self._quiet_ns
        if not quiet:
            return True
        returns = sender in self._earlier and not self._may_return
        self._earlier.discard(sender)
        if not gone:
            self._earlier.add(self.speaker)
        self.speaker, self._heard_ns = sender, now_ns
        return returns
