"""Sight of the simulated cameras: rendered frames with seeded sensor noise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from robot_runtime.sim.scene import import_mujoco, no_sight, Scene

NOISE_SIGMA = 2.5  # of 255: read noise of a small camera indoors
NOISE_MARGIN = 48  # frames are cut from one larger plane of noise, at a place drawn per frame
NOISE_STREAM = 2


class Sight:
    """Renders one size of frame; keep it in one thread, and close it there."""

    def __init__(
        self, scene: Scene, width: int, height: int, seed: int = 0, noise: float = 1.0
    ) -> None:
        """Take a size of frame; `noise` multiplies the noise of the sensor."""
        mujoco = import_mujoco()
        try:
            self._renderer = mujoco.Renderer(scene.model, height, width)
        except Exception as error:  # noqa: BLE001 - GL bindings raise whatever they like
            raise no_sight(error, f' {width}x{height}') from error
        self._size = (width, height)
        self._sigma = NOISE_SIGMA * noise
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Begin the noise of `seed`."""
        self._rng = np.random.default_rng((seed, NOISE_STREAM))
        width, height = self._size
        shape = (height + NOISE_MARGIN, width + NOISE_MARGIN, 3)
        noise = self._rng.standard_normal(shape, dtype=np.float32) * self._sigma
        self._noise = np.rint(noise).astype(np.int16)

    def look(self, data: Any, camera: str) -> NDArray[np.uint8]:
        """Return the frame of `camera`, (height, width, 3) RGB."""
        self._renderer.update_scene(data, camera)
        frame = self._renderer.render()
        width, height = self._size
        down, right = self._rng.integers(0, NOISE_MARGIN, 2)
        noisy = frame + self._noise[down:, right:][:height, :width]
        return np.clip(noisy, 0, 255, out=noisy).astype(np.uint8)

    def close(self) -> None:
        """Give back the renderer."""
        self._renderer.close()
