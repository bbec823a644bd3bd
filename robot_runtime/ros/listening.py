"""Listening: whether control listens to this policy, as the status of control says."""

from collections.abc import Mapping

from robot_runtime.core import mode

LISTENING = tuple(one.name for one in mode.LISTENING)


class Listening:
    """
    Follows the engagements of control in POLICY and SHADOW.

    One that was there before us is someone else's: a policy that was started again must not
    resume it.
    """

    def __init__(self) -> None:
        """Begin without having heard of control."""
        self._mode, self._epoch, self._not_ours = '', '', ''
        self.missed = False  # control listens to an engagement that is not ours

    def __bool__(self) -> bool:
        """Return whether to infer."""
        return self._mode in LISTENING and not self.missed

    def restart(self) -> None:
        """Wait for the next engagement."""
        self._mode = ''

    def begins(self, values: Mapping[str, str]) -> bool:
        """Take a status of control; return whether a new engagement begins with it."""
        mode, epoch = values.get('mode', ''), values.get('policy_since_ns', '')
        if not self._mode and mode in LISTENING:
            self._not_ours = epoch
        self._mode = mode
        self.missed = mode in LISTENING and epoch == self._not_ours
        new = bool(self) and epoch != self._epoch
        self._epoch = epoch if new else self._epoch
        return new
