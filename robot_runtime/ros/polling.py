"""Polling of subscriptions and services by the one thread of a real-time node."""

from collections.abc import Iterator
from typing import Any

from rclpy.node import Node
from rclpy.service import Service
from rclpy.subscription import Subscription


def unused(message: Any) -> None:
    """Stand in for a callback: messages are polled, never called back."""


def take_with_info(subscription: Subscription) -> tuple[Any, dict[str, Any]] | None:
    """Return the next message of `subscription` and what rmw says of it; None: there is none."""
    with subscription.handle:
        taken: tuple[Any, dict[str, Any]] | None = subscription.handle.take_message(
            subscription.msg_type, subscription.raw
        )
    return taken


def take(subscription: Subscription) -> Any | None:
    """Return the next message of `subscription`, or None when there is none."""
    taken = take_with_info(subscription)
    return None if taken is None else taken[0]


def drain(subscription: Subscription, limit: int = 16) -> Iterator[Any]:
    """Yield waiting messages, oldest first, at most `limit` so that a flood cannot hold a tick."""
    for _ in range(limit):
        message = take(subscription)
        if message is None:
            return
        yield message


def newest(subscription: Subscription, limit: int = 16) -> Any | None:
    """Return the newest waiting message and drop the older ones; None when there is none."""
    waiting = list(drain(subscription, limit))
    return waiting[-1] if waiting else None


class ServicePoller:
    """Serves at most one request per call, one service after the other (parameters included)."""

    def __init__(self, node: Node) -> None:
        self._services: list[Service] = list(node.services)
        self._next = 0
        self._busy = False

    def serve_all(self) -> None:
        """Answer one request of each service; for a loop that has nothing else to do."""
        for _ in self._services:
            self.serve_one()

    def serve_one(self) -> None:
        """Look at the next service and answer its request if one waits."""
        if self._busy:  # a service that lets the loop go on until it can answer
            return
        service = self._services[self._next]
        self._next = (self._next + 1) % len(self._services)
        with service.handle:
            request, header = service.handle.service_take_request(service.srv_type.Request)
        if header is None:
            return
        self._busy = True
        try:
            response = service.callback(request, service.srv_type.Response())
        finally:
            self._busy = False
        service.send_response(response, header)
