"""JPEG of an image message, for people: the policy's own inputs are recorded elsewhere."""

import cv2
import numpy as np
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image

TYPE = 'sensor_msgs/msg/CompressedImage'
CHANNELS = {'rgb8': 3, 'bgr8': 3, 'mono8': 1}


class EncodingError(ValueError):
    """An image has an encoding that cannot become a JPEG; the text is one sentence."""


def serialized_jpeg(image: Image, quality: int) -> bytes:
    """Return `image` as a serialized CompressedImage, named as image_transport names it."""
    channels = CHANNELS.get(image.encoding)
    if channels is None:
        raise EncodingError(
            f'images are {image.encoding}; only {", ".join(CHANNELS)} can be recorded as JPEG'
        )
    rows = np.frombuffer(image.data, np.uint8).reshape(image.height, image.step)
    pixels = rows[:, : image.width * channels].reshape(image.height, image.width, channels)
    if image.encoding == 'rgb8':
        pixels = pixels[:, :, ::-1]
    ok, jpeg = cv2.imencode(
        '.jpg', np.ascontiguousarray(pixels), (cv2.IMWRITE_JPEG_QUALITY, quality)
    )
    if not ok:
        raise EncodingError(f'a {image.width}x{image.height} image could not become a JPEG')
    inside = 'mono8' if channels == 1 else 'bgr8'
    compressed = CompressedImage(
        header=image.header, format=f'{image.encoding}; jpeg compressed {inside}'
    )
    compressed.data.frombytes(jpeg.tobytes())
    return serialize_message(compressed)
