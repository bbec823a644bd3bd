"""Mode services of control: one Trigger for each wish, answered with what becomes of it."""

from collections.abc import Callable, Mapping

from robot_runtime.core.mode import Event, Mode
from robot_runtime.ros.managed_node import ManagedNode
from std_srvs.srv import Trigger


class ModeServices:
    """Puts the events that people ask for where the next tick finds them."""

    def __init__(
        self,
        node: ManagedNode,
        events: list[Event],
        mode: Callable[[], Mode],
        gate: Callable[[], Mapping[str, str] | None],
    ) -> None:
        """Offer `~/mode/hold`, `policy` and `reset`; `gate` gives the gate's last status."""
        self._node, self._events, self._mode, self._gate = node, events, mode, gate
        for name, handler in (
            ('hold', self._on_hold), ('policy', self._on_policy), ('reset', self._on_reset)
        ):
            node.create_service(Trigger, f'~/mode/{name}', handler)

    def _on_hold(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        idle = self._mode() is Mode.IDLE
        return self._accept(Event.ENABLE if idle else Event.HOLD, Mode.FAULT, response)

    def _on_policy(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._mode() is Mode.IDLE:
            response.success, response.message = False, 'mode is IDLE; ask for mode/hold first'
            return response
        return self._accept(Event.POLICY, Mode.FAULT, response)

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        gate = self._gate()
        if gate is not None and gate['latched'] == '1':
            reason = gate['reason']
            response.success = False
            response.message = f'the gate is latched ({reason}); call safety_node/reset first'
            return response
        return self._accept(Event.RESET, None, response)

    def _accept(
        self, event: Event, refused: Mode | None, response: Trigger.Response
    ) -> Trigger.Response:
        mode = self._mode()
        if not self._node.active:
            response.success = False
            response.message = 'inactive: call `ros2 lifecycle set control_node activate` first'
            return response
        response.success = mode is not refused
        if response.success:
            self._events.append(event)
        response.message = f'mode is {mode.name}' + (
            '' if response.success else '; see control_node/status, then reset'
        )
        return response
