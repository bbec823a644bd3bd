"""Endpoints of the graph: which node a publisher or a subscription belongs to."""

from rclpy.topic_endpoint_info import TopicEndpointInfo


def owner(info: TopicEndpointInfo) -> str:
    """Return the name of the endpoint's node, with its namespace."""
    return f'{info.node_namespace.rstrip("/")}/{info.node_name}'
