"""What tests of ros/ may ask for: a node in a domain of this process, which ends with them."""

from collections.abc import Iterator
import os

import pytest
import rclpy
from rclpy.node import Node


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))
    rclpy.init()
    made = rclpy.create_node('taps')
    yield made
    made.destroy_node()
    rclpy.shutdown()
