"""Images at the size a policy takes; the one place that resizes."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from PIL import Image as Pillow
from robot_runtime.core.tensors import Image

Rule = Literal['stretch', 'crop', 'pad']


@dataclass(frozen=True, slots=True)
class View:
    """
    What of a camera's image a policy takes, and how that becomes its size.

    `stretch` lets the proportions go; `crop` keeps them and cuts off what stands out on both
    sides; `pad` keeps them and fills with black, to the pixel as openpi's resize_with_pad.
    """

    width: int
    height: int
    rule: Rule = 'stretch'
    window: tuple[int, int, int, int] | None = None  # left, top, width, height in the image
    bgr: bool = False

    def of(self, image: Image) -> Image:
        """Return the view of an image (height, width, 3) in rgb."""
        if self.window is not None:
            left, top, width, height = self.window
            image = image[top: top + height, left: left + width]
        if self.rule == 'pad':
            image = padded(image, self.width, self.height)
        elif self.rule == 'crop':
            image = resized(_middle(image, self.width, self.height), self.width, self.height)
        else:
            image = resized(image, self.width, self.height)
        return image[:, :, ::-1] if self.bgr else image


def resized(image: Image, width: int, height: int) -> Image:
    """Return the image stretched to a size: averaged when it shrinks, linear when it grows."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = width <= image.shape[1] and height <= image.shape[0]
    rule = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=rule), dtype=np.uint8)


def padded(image: Image, width: int, height: int) -> Image:
    """Return the image in the middle of black, as large as it fits, its proportions kept."""
    have_height, have_width = image.shape[:2]
    if (have_height, have_width) == (height, width):
        return image
    ratio = max(have_width / width, have_height / height)
    rows, columns = int(have_height / ratio), int(have_width / ratio)
    small = Pillow.fromarray(np.ascontiguousarray(image)).resize(
        (columns, rows), Pillow.Resampling.BILINEAR
    )
    whole = np.zeros((height, width, 3), np.uint8)
    top, left = (height - rows) // 2, (width - columns) // 2
    whole[top: top + rows, left: left + columns] = np.asarray(small)
    return whole


def _middle(image: Image, width: int, height: int) -> Image:
    """Return the largest part in the middle that has the proportions of a size."""
    have_height, have_width = image.shape[:2]
    rows = min(have_height, round(have_width * height / width))
    columns = min(have_width, round(have_height * width / height))
    top, left = (have_height - rows) // 2, (have_width - columns) // 2
    return image[top: top + rows, left: left + columns]
