"""Managed node: the life cycle of ROS around the part of a node that does its work."""

from collections.abc import Callable
from typing import Any, Protocol

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from robot_runtime.ros import parameters
from robot_runtime.ros.polling import ServicePoller
from robot_runtime.ros.shutdown import NodeError, run_node, StopFlag
from robot_runtime.runtime.clock import SteadyClock

AUTOSTART = parameters.Parameter(
    'autostart', True, 'Configure and activate at once; false: wait for `ros2 lifecycle set`.'
)
IDLE_NS = 20_000_000
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class Part(Protocol):
    """What a node does between configure and cleanup."""

    def activate(self) -> None:
        """Take part; a NodeError says why not, and the part goes on as it is."""

    def deactivate(self) -> None:
        """Come to rest, within a bounded time, and take no part."""

    def run(self) -> int:
        """Work until told to stop, or until the node is `leaving`; return the exit code."""

    def close(self) -> None:
        """Give back what is not the node's own."""


class ManagedNode(LifecycleNode):
    """
    Configure makes the part, which loads and checks its files; cleanup ends it.

    The transitions are services like all others: whoever polls them is in the part's own loop,
    or in that of `live` while there is no part. So nothing here needs an executor.
    """

    def __init__(self, name: str) -> None:
        """Join the graph, unconfigured."""
        super().__init__(name)
        self.make: Callable[[], Part] | None = None
        self.part: Part | None = None
        self.active = self.leaving = False
        self._failure: Exception | None = None
        self._refusal: NodeError | None = None
        self._own: set[Any] = set()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make the part; what is wrong with its files is said in one sentence."""
        self._own, self._failure = self._entities(), None
        assert self.make is not None
        try:
            self.part = self.make()
        except Exception as error:  # noqa: BLE001 - rclpy would swallow it
            self._failure = error
            self._destroy_others()
            self.get_logger().error(f'not configured: {error}')
            return FAILURE
        return SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take part, or say in one sentence why not."""
        assert self.part is not None
        self.active = True
        try:
            return self._tried(self.part.activate, NodeError)
        except NodeError as error:
            self.active, self._refusal = False, error
            self.get_logger().error(f'not activated: {error}')
            return FAILURE

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Come to rest."""
        assert self.part is not None
        result = self._tried(self.part.deactivate)
        self.active = False
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let the part end."""
        self.leaving = True
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Come to rest and let the part end; the process stays until it is told to end."""
        if self.active:
            self.on_deactivate(state)
        self.leaving = self.part is not None
        return SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let the part end, and the process with it."""
        self.active, self.leaving = False, self.part is not None
        return SUCCESS

    def start(self) -> None:
        """Configure and activate; what went wrong raises."""
        self.trigger_configure()
        if self._failure is not None:
            raise self._failure
        self._refusal = None
        self.trigger_activate()
        if self._refusal is not None:
            assert self.part is not None
            self.part.close()
            raise self._refusal

    def live(self, stop: StopFlag) -> int:
        """Run the part whenever there is one, until told to stop; return the exit code."""
        clock = SteadyClock()
        while not stop.set or self.part is not None:
            if self.part is None:
                self._wait(stop, clock)
                continue
            try:
                code = self.part.run()
            finally:
                self.part.close()
            if self._failure is not None:
                raise self._failure
            if not self.leaving:
                return code
            self.part, self.leaving = None, False
            self._destroy_others()
        return 0

    def _tried(
        self, act: Callable[[], None], passed: type[Exception] | tuple[()] = ()
    ) -> TransitionCallbackReturn:
        try:
            act()
        except passed:
            raise
        except Exception as error:  # noqa: BLE001 - rclpy would swallow it
            self._failure = error
            return TransitionCallbackReturn.ERROR
        return SUCCESS

    def _wait(self, stop: StopFlag, clock: SteadyClock) -> None:
        """Serve until there is a part."""
        services = ServicePoller(self)
        while self.part is None and not stop.set:
            clock.sleep_until(clock.now_ns() + IDLE_NS)
            services.serve_all()

    def _entities(self) -> set[Any]:
        return {*self.publishers, *self.subscriptions, *self.services}

    def _destroy_others(self) -> None:
        """Destroy what the part has made."""
        for one in self._entities() - self._own:
            for kind in ('publisher', 'subscription', 'service'):
                if one in getattr(self, f'{kind}s'):
                    getattr(self, f'destroy_{kind}')(one)


def run_managed(
    name: str,
    make: Callable[[ManagedNode, dict[str, Any], StopFlag], Part],
    declared: tuple[parameters.Parameter, ...],
    args: list[str] | None,
) -> int:
    """Run a managed node whose part is made by `make`; return the exit code."""

    def body(node: ManagedNode, stop: StopFlag) -> int:
        values = parameters.read(node, (*declared, AUTOSTART))
        node.make = lambda: make(node, values, stop)
        if values['autostart']:
            node.start()
        return node.live(stop)

    return run_node(name, body, args, ManagedNode)
