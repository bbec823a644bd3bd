"""Client of a running robot: reads its statuses and calls its services."""

from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from robot_runtime.ros import conversions, qos
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.last_exit import ends_within
from std_msgs.msg import String
from std_srvs.srv import Trigger

SECOND = 1_000_000_000
LEAVE_S = 5.0
STATUS_TOPICS = ('control_node/status', 'safety_node/status', 'policy_node/status', 'sim/witness')


@dataclass(frozen=True, slots=True)
class Status:
    """The newest values of one status topic."""

    received_ns: int  # steady clock
    stamp_ns: int  # sender's ROS clock
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said."""

    success: bool
    message: str


class SessionError(RuntimeError):
    """A node does not answer; the text is one sentence that names it."""


class SessionClient:
    """Owns a context of its own, so that it may be opened and closed as often as one likes."""

    def __init__(self, namespace: str = '', name: str = 'session_client') -> None:
        """Join the domain that ROS_DOMAIN_ID names."""
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(
            name, namespace=namespace, context=self._context, start_parameter_services=False
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._clock = SteadyClock()
        self._instruction = self._node.create_publisher(
            String, 'policy_node/instruction', qos.LATCHED
        )
        self._statuses: dict[str, Status] = {}
        self._clients: dict[str, Client] = {}
        for topic in STATUS_TOPICS:
            self._node.create_subscription(
                DiagnosticArray, topic, partial(self._on_status, topic), qos.STATUS
            )

    def __enter__(self) -> 'SessionClient':
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the domain."""
        self.close(getattr(error, 'exit_code', 0 if error is None else 1))

    def spin(self, seconds: float) -> None:
        """Take what arrives for `seconds`."""
        end = self._clock.now_ns() + round(seconds * SECOND)
        while (left := end - self._clock.now_ns()) > 0:
            self._executor.spin_once(timeout_sec=left / SECOND)

    def status(self, topic: str, max_age_s: float) -> Status | None:
        """Return the newest status of `topic`, None when there is none or it is too old."""
        status = self._statuses.get(topic)
        too_old = self._clock.now_ns() - round(max_age_s * SECOND)
        return None if status is None or status.received_ns < too_old else status

    def instruct(self, text: str) -> None:
        """Tell the policy what to do; who joins later hears it too."""
        self._instruction.publish(String(data=text))

    def call(self, service: str, timeout_s: float = 5.0) -> Answer:
        """Call a Trigger service; no such service or no answer in time raises a sentence."""
        client = self._client(service)
        end = self._clock.now_ns() + round(timeout_s * SECOND)
        while not client.service_is_ready():
            if self._clock.now_ns() > end:
                raise SessionError(f'{client.srv_name} is not there after {timeout_s:g} s: {HINT}')
            self.spin(0.02)
        future = client.call_async(Trigger.Request())
        self._executor.spin_until_future_complete(future, timeout_s)
        response = future.result() if future.done() else None
        if response is None:
            client.remove_pending_request(future)
            raise SessionError(f'{client.srv_name} did not answer within {timeout_s:g} s')
        return Answer(response.success, response.message)

    def close(self, code: int = 1) -> None:
        """Leave the domain; a middleware that does not let go ends the process with `code`."""
        with ends_within(LEAVE_S, code):
            self._executor.shutdown()
            self._node.destroy_node()
            rclpy.try_shutdown(context=self._context)

    def _client(self, service: str) -> Client:
        if service not in self._clients:
            self._clients[service] = self._node.create_client(Trigger, service)
        return self._clients[service]

    def _on_status(self, topic: str, message: Any) -> None:
        if message.status:
            stamp_ns = conversions.nanoseconds(message.header.stamp)
            values = conversions.status_values(message)
            self._statuses[topic] = Status(self._clock.now_ns(), stamp_ns, values)


HINT = 'is the robot up, with the same ROS_DOMAIN_ID and namespace?'
