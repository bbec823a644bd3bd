"""Bodies that can be worked out by hand: walls and posts in the space of the joints."""

import numpy as np
from robot_runtime.core.body import Gaps

STOP, UNSEEN, MARGIN = 0.01, 0.003, 0.05


class Walls:
    """A point, moved by the joints themselves, that must stay behind walls normal . q <= at."""

    def __init__(self, normals, ats, tool_speed=np.inf):
        self.normals = np.array(normals, dtype=np.float64)
        self.ats = np.array(ats, dtype=np.float64)
        count = len(self.ats)
        self.labels = tuple(f'point and wall {k}' for k in range(count))
        self.stop, self.unseen = np.full(count, STOP), np.full(count, UNSEEN)
        self.margin = np.full(count, MARGIN)
        self.reach = np.abs(self.normals)
        self.tool, self.tool_speed = 'point', tool_speed
        self.asked = 0

    def distances(self, positions, within):
        self.asked += len(positions)
        return self.ats - positions @ self.normals.T

    def gaps(self, position, within):
        distance = self.distances(position[np.newaxis], within)[0]
        near = np.flatnonzero(distance < within)
        return Gaps(distance, near, -self.normals[near])

    def tool_jacobian(self, position):
        return np.eye(3, len(position))


class Post(Walls):
    """A thin post across the way of joint 0: past it is as free as before it."""

    def __init__(self, count, at, half):
        super().__init__(np.eye(1, count), [at])
        self.half = half

    def distances(self, positions, within):
        self.asked += len(positions)
        return np.abs(positions[:, :1] - self.ats) - self.half


def wall(count, at, **more):
    return Walls(np.eye(1, count), [at], **more)
