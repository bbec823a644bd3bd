"""Facts of a recorded run that its report shows: joints, latencies, modes and frames."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from robot_runtime.core.mode import Mode
from robot_runtime.core.tensors import Image
from robot_runtime.runtime.images import resized
from robot_runtime.runtime.policy_card import PolicyCard
from robot_runtime.runtime.recording import Message, Recording

SECOND = 1e9
MOMENTS = 6  # frames of each camera and episode in the contact sheet
THUMBNAIL = (160, 120)  # of a camera that the policy does not look at


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One camera frame at the size at which the policy takes it."""

    at_s: float
    pixels: Image


@dataclass(frozen=True, slots=True, eq=False)
class RunFacts:
    """What a report draws; times are in seconds since the first tick."""

    ticks: NDArray[np.void]  # journal of control
    at_s: NDArray[np.float64]  # of each tick
    modes: list[tuple[Mode, float, float]]
    episodes: list[tuple[float, float, str]]  # from, to, instruction
    interval_ms: NDArray[np.float64]  # between ticks
    chunk_age_ms: NDArray[np.float64]  # of an observation when its chunk was heard
    command_age_ms: NDArray[np.float64]  # of the joint state that a tick used
    sheets: list[dict[str, list[Frame]]]  # for each episode, by camera


def facts_of(recording: Recording, card: PolicyCard, cameras: list[str]) -> RunFacts:
    """Return the facts of a run of `card`'s policy; frames are those of `cameras`."""
    ticks = recording.journal('control_node')
    if not len(ticks):
        raise ValueError('the recording holds no journal of control_node')
    begin_ns = int(ticks['ros_now_ns'][0])
    at_s = (ticks['ros_now_ns'] - begin_ns) / SECOND
    chunks = recording.of('/policy_node/chunk')
    used = ticks[ticks['state_stamp_ns'] > 0]
    episodes = _episodes(recording.of('/policy_node/instruction'), begin_ns, float(at_s[-1]))
    topics = {f'/{name}/image_raw/compressed': name for name in cameras}
    frames = _frames(recording, topics, card, begin_ns, episodes)
    return RunFacts(
        ticks=ticks,
        at_s=at_s,
        modes=_spans(ticks['mode'], at_s),
        episodes=episodes,
        interval_ms=np.diff(ticks['now_ns']) / 1e6,
        chunk_age_ms=np.array([(m.log_ns - _stamp_ns(m.content)) / 1e6 for m in chunks]),
        command_age_ms=(used['ros_now_ns'] - used['state_stamp_ns']) / 1e6,
        sheets=frames,
    )


def _stamp_ns(content: Any) -> int:
    stamp = content.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _spans(
    modes: NDArray[np.uint8], at_s: NDArray[np.float64]
) -> list[tuple[Mode, float, float]]:
    known = tuple(Mode)
    edges = np.flatnonzero(np.diff(modes)) + 1
    starts, ends = np.append(0, edges), np.append(edges, len(modes) - 1)
    return [
        (known[modes[start]], float(at_s[start]), float(at_s[end]))
        for start, end in zip(starts, ends, strict=True)
    ]


def _episodes(
    said: list[Message], begin_ns: int, end_s: float
) -> list[tuple[float, float, str]]:
    """Return the episodes; each begins when the policy is told what to do."""
    starts = [(message.log_ns - begin_ns) / SECOND for message in said]
    return [
        (start, end, str(message.content.data))
        for start, end, message in zip(starts, [*starts[1:], end_s], said, strict=True)
    ]


def _frames(
    recording: Recording,
    topics: dict[str, str],
    card: PolicyCard,
    begin_ns: int,
    episodes: list[tuple[float, float, str]],
) -> list[dict[str, list[Frame]]]:
    """Return, for each episode, the frames that come next at evenly spaced moments."""
    sizes = {
        item.camera: (item.width or 0, item.height or 0)
        for item in card.inputs
        if item.camera is not None
    }
    sheets: list[dict[str, list[Frame]]] = [{name: [] for name in topics.values()}
                                            for _ in episodes]  # fmt: skip
    moments = [np.linspace(start, end, MOMENTS + 1)[:-1] for start, end, _ in episodes]
    for topic, message in recording.messages(*topics):
        name, at_s = topics[topic], (_stamp_ns(message.content) - begin_ns) / SECOND
        for sheet, due, (_, end, _) in zip(sheets, moments, episodes, strict=True):
            kept = sheet[name]
            if len(kept) < MOMENTS and due[len(kept)] <= at_s < end:
                kept.append(Frame(at_s, _decoded(message.content, sizes.get(name, THUMBNAIL))))
    return sheets


def _decoded(content: Any, size: tuple[int, int]) -> Image:
    pixels = cv2.imdecode(np.frombuffer(bytes(content.data), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None, 'a frame of the recording is no JPEG'
    return resized(np.asarray(pixels[:, :, ::-1]), *size)
