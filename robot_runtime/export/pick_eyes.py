"""Eyes of the pick network: what each camera shows, where that is, and how a cube lies."""

from collections.abc import Callable

import numpy as np
from robot_runtime.export.pick_gaze import ASPECT, CELLS, PLACES
from robot_runtime.export.pick_scene import UNIT_M
import torch
from torch import nn, Tensor
from torch.nn import functional

WIDTH = 192  # of a token
FEATURES = 64  # of each of them
FOUND = FEATURES + 2 + 6  # of each of them: features, place in the image, and in space
FIRST = 48  # channels of the first convolution
GAZE = 8.0  # by how much sharper than usual an eye's attention begins
SEEN_M = 0.02  # height over the table at which cubes are
FARTHEST_M = 2.5
MOST = 8.0  # units, where a line of sight leaves the scene
HIDDEN = 384  # between what is seen of a cube and how it lies


def _normed(channels: int, out: int, size: int, stride: int) -> nn.Sequential:
    pad = (size - stride + 1) // 2
    return nn.Sequential(
        nn.Conv2d(channels, out, size, stride, pad, bias=False), nn.BatchNorm2d(out))


class Residual(nn.Module):
    """Two convolutions around which the input may pass."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _normed(channels, channels, 3, 1)
        self.second = _normed(channels, channels, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(functional.relu(self.first(x))))


class Stem(nn.Sequential):
    """First layers of an eye; `coarse` ones compute in bfloat16, which no position passes."""

    def __init__(self) -> None:
        super().__init__(
            _normed(3, FIRST, 6, 4), nn.ReLU(), _normed(FIRST, FEATURES, 3, 2), nn.ReLU(),
            Residual(FEATURES))
        self.coarse = False

    def forward(self, image: Tensor) -> Tensor:
        if not self.coarse:
            return super().forward(image)
        with torch.autocast(image.device.type, torch.bfloat16):
            return super().forward(image).float()


class Lie(nn.Module):
    """How a cube lies that the wrist's eye looks at: sine and cosine of four times its yaw."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        self.out = nn.Sequential(
            nn.Linear(FOUND, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2))

    def forward(self, image: Tensor, heat: Tensor, where: Tensor) -> Tensor:
        """Return (B, N, 2) for cubes in the cells `heat` (B, N, 256), `where` (B, N, 8)."""
        values = self.stem(image).flatten(2).transpose(1, 2)
        answer: Tensor = self.out(torch.cat([heat @ values, where], 2))
        return answer


class Eye(nn.Module):
    """One camera's image made into the places that it looks at, and what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        self.heat = nn.Conv2d(FEATURES, PLACES, 1)
        with torch.no_grad():  # an even gaze would learn where to look only slowly
            self.heat.weight.mul_(GAZE)
        self.token = nn.Linear(FOUND, WIDTH)
        self.place = nn.Parameter(torch.randn(PLACES, WIDTH) * 0.5)
        axis = torch.linspace(-1.0, 1.0, CELLS)
        down, right = torch.meshgrid(axis, axis, indexing='ij')
        grid = torch.stack([right, down], -1).reshape(1, CELLS**2, 2)
        self.register_buffer('grid', grid * (1.0 - 1.0 / CELLS))  # centres of the cells

    def forward(self, image: Tensor, meet: Callable[[Tensor], Tensor]
                ) -> tuple[Tensor, Tensor, Tensor]:
        """Return tokens (B, PLACES, WIDTH), what is there, and logits of the gaze."""
        seen = self.stem(image)
        logits = self.heat(seen).flatten(2)
        heat = logits.softmax(-1)
        values = seen.flatten(2).transpose(1, 2)
        place = heat @ self.grid.expand(len(seen), -1, -1)
        found = torch.cat([heat @ values, place * 2.0, meet(place)], -1)
        return self.token(found) + self.place, found, logits


class Ray(nn.Module):
    """Line of sight of one camera, followed to where it meets the height of the cubes."""

    def __init__(self, camera: tuple[tuple[float, ...], ...], moves: bool) -> None:
        super().__init__()
        eye, right, up, view = (np.asarray(part, dtype=np.float64) for part in camera)
        right, up = right / np.sqrt(right @ right), up / np.sqrt(up @ up)
        half = np.tan(np.deg2rad(view) / 2)
        axes = np.stack([right * half * ASPECT, -up * half, -np.cross(right, up)])
        self.register_buffer('axes', torch.tensor(axes, dtype=torch.float32))
        self.register_buffer('eye', torch.tensor(eye, dtype=torch.float32))
        self.moves = moves  # with the tool

    def meet(self, place: Tensor, at: Tensor, turn: Tensor) -> Tensor:
        """
        Return what is seen at (B, N, 2): where from the tool, and where from the base.

        The tool is `at` (B, 1, 3), its axes are the columns of `turn` (B, 3, 3).
        """
        ray = place @ self.axes[:2] + self.axes[2]
        eye = self.eye.expand(len(place), 1, 3)
        if self.moves:
            back = turn.transpose(1, 2)
            ray, eye = ray @ back, at + eye @ back
        way = (SEEN_M - eye[:, :, 2:]) / ray[:, :, 2:].clamp(max=-0.1)
        point = eye + ray * way.clamp(0.0, FARTHEST_M)
        own = (point - at) @ turn
        return (torch.cat([own, point - self.centre(point)], 2) / UNIT_M).clamp(-MOST, MOST)

    @staticmethod
    def centre(point: Tensor) -> Tensor:
        """Return the middle of the table, so that places are numbers around zero."""
        return point.new_tensor([0.48, 0.0, SEEN_M])
