"""Tensors of a policy: measurements made into its inputs."""

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.types import Floats

Image = NDArray[np.uint8]  # (height, width, 3) rgb
Pixel = TypeVar('Pixel', np.uint8, np.float32)
Layout = Literal['HWC', 'CHW']


@dataclass(frozen=True, slots=True, eq=False)
class Normalization:
    """Affine map between a quantity and what the graph was trained on: (x - mean) / std."""

    mean: Floats  # one per element, or (1,) for all
    std: Floats  # > 0

    @classmethod
    def identity(cls) -> 'Normalization':
        """Return the map that changes nothing; a card must ask for it in so many words."""
        return cls(np.zeros(1), np.ones(1))

    def apply(self, values: Floats) -> Floats:
        """Return `values` as the graph expects them."""
        return (values - self.mean) / self.std

    def undo(self, values: Floats) -> Floats:
        """Return what the graph gave in SI units."""
        return values * self.std + self.mean


def image_tensor(
    image: Image, layout: Layout, scale: float, normalization: Normalization
) -> NDArray[np.float32]:
    """Return an image, scaled and then normalised per channel, in the layout of the graph."""
    scaled = image.astype(np.float32) * np.float32(scale)
    mean = normalization.mean.astype(np.float32)
    pixels = (scaled - mean) / normalization.std.astype(np.float32)
    return laid_out(np.asarray(pixels, dtype=np.float32), layout)


def laid_out(pixels: NDArray[Pixel], layout: Layout) -> NDArray[Pixel]:
    """Return pixels (height, width, 3) in the layout of the graph."""
    return np.ascontiguousarray(pixels if layout == 'HWC' else np.moveaxis(pixels, 2, 0))
