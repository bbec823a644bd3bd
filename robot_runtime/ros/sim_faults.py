"""Faults of the simulated robot: what its driver and cameras do wrong when they are told to."""

from rclpy.node import Node
from robot_runtime.core.types import Floats
from robot_runtime.ros import polling, qos
from std_msgs.msg import String

TOPIC = 'sim/fault'
JOINT_STATES, STUCK, CLOCK = 'no joint states', 'stuck', 'clock'
SHUT, FROZEN = 'no frames', 'frozen frames'
EYES = {SHUT: 1, FROZEN: 2}  # what the cameras are told; 0: nothing is wrong
WORDS = (JOINT_STATES, STUCK, SHUT, FROZEN, f'{CLOCK} <seconds>')


class SimFaults:
    """Takes one fault at a time from `sim/fault`, in the words of WORDS; '' ends it."""

    def __init__(self, node: Node) -> None:
        """Listen; nothing is wrong yet."""
        self._logger = node.get_logger()
        self._words = node.create_subscription(String, TOPIC, polling.unused, qos.INTERNAL)
        self._held: Floats | None = None
        self._word = ''
        self.clock_ns = 0  # by which the clock of the driver is wrong

    def take(self) -> bool:
        """Take what has come; return whether something has changed."""
        message = polling.newest(self._words)
        if message is None:
            return False
        word, _, seconds = str(message.data).partition(' ')
        if word != CLOCK:
            word, seconds = str(message.data), ''
        try:
            self.clock_ns = round(float(seconds or 0.0) * 1e9)
        except ValueError:
            word = message.data
        if word and word not in (JOINT_STATES, STUCK, CLOCK, *EYES):
            self._logger.warning(f'{TOPIC} is {word!r}; known are {", ".join(WORDS)} and nothing')
            return False
        self._word, self._held = word, None
        return True

    @property
    def silent(self) -> bool:
        """Return whether joint states go to sim/joint_states, for whoever measures, alone."""
        return self._word == JOINT_STATES

    @property
    def eyes(self) -> int:
        """Return what the cameras are told."""
        return EYES.get(self._word, 0)

    def driven(self, target: Floats, position: Floats) -> Floats:
        """Return where the drives go, (J,): to `target`, or nowhere when they are stuck."""
        if self._word != STUCK:
            return target
        if self._held is None:
            self._held = position.copy()
        return self._held
