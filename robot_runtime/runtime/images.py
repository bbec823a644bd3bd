"""Images at the size a policy takes; the one place that resizes."""

import cv2
import numpy as np
from robot_runtime.core.tensors import Image


def resized(image: Image, width: int, height: int) -> Image:
    """Return the image stretched to a size: averaged when it shrinks, linear when it grows."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = width <= image.shape[1] and height <= image.shape[0]
    rule = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=rule), dtype=np.uint8)
