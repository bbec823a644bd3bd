"""Mode services of control: one Trigger for each wish, answered with what becomes of it."""

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from robot_runtime.core.mode import Event, LATCHED, Mode
from robot_runtime.ros.managed_node import ManagedNode
from std_srvs.srv import Trigger

WISHES = {
    'hold': Event.HOLD, 'policy': Event.POLICY, 'shadow': Event.SHADOW, 'home': Event.HOME,
    'step': Event.STEP, 'reset': Event.RESET,
}  # fmt: skip


class Loop(Protocol):
    """What the services ask of the loop."""

    @property
    def mode(self) -> Mode:
        """Return the mode of the last tick."""

    @property
    def fault(self) -> str:
        """Return why it is latched, '' if it is not."""

    @property
    def gate(self) -> Mapping[str, str] | None:
        """Return the last status of the gate."""

    def ask(self, event: Event) -> str:
        """Obey `event` at the next tick and return '', or return why not."""


class ModeServices:
    """Asks the loop for what people want, and says what it said."""

    def __init__(self, node: ManagedNode, loop: Loop) -> None:
        """Offer `~/mode/<name>` for each wish."""
        self._node, self._loop = node, loop
        for name, event in WISHES.items():
            node.create_service(Trigger, f'~/mode/{name}', partial(self._on_wish, event))

    def _on_wish(
        self, event: Event, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        before = self._loop.mode
        response.message = self._problem(event)
        response.success = not response.message
        if not response.success:
            return response
        if event is Event.RESET and before not in LATCHED:
            response.message = f'nothing to reset: mode is {before.name}'
        elif event is Event.STEP:
            response.message = 'the chunk is replayed, from its first row on'
        else:
            response.message = f'{event.name} is accepted; mode was {before.name}'
        return response

    def _problem(self, event: Event) -> str:
        """Return why the wish is refused, '' if it is not."""
        loop, gate = self._loop, self._loop.gate
        if not self._node.active:
            return 'inactive: call `ros2 lifecycle set control_node activate` first'
        if event is Event.RESET:
            if gate is not None and gate['latched'] == '1':
                return f'the gate is latched ({gate["reason"]}); call safety_node/reset first'
            return loop.ask(event) if loop.mode in LATCHED else ''
        if loop.mode in LATCHED:
            return f'mode is {loop.mode.name}: {loop.fault}; see control_node/status, then reset'
        if loop.mode is Mode.IDLE and event is not Event.HOLD:
            return 'mode is IDLE; ask for mode/hold first'
        return loop.ask(Event.ENABLE if loop.mode is Mode.IDLE else event)
