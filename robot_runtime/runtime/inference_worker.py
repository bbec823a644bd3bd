"""Inference on a thread of its own: one at a time, while its caller goes on taking inputs."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait

import numpy as np
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Inputs, Missing
from robot_runtime.core.sent_chunks import SentChunks
from robot_runtime.runtime.clock import SteadyClock
from robot_runtime.runtime.inference import Inference, Proposal

KEPT = 1000  # latencies
MILLISECOND = 1_000_000


class InferenceWorker:
    """Runs one inference at a time; no frame is written over meanwhile, and none looks fresh."""

    def __init__(self, inference: Inference, least_ns: int = 0) -> None:
        """Take an inference, and the least time that one is to take."""
        self._inference, self._least_ns = inference, least_ns
        self._executor = ThreadPoolExecutor(1, 'inference')
        self._pending: tuple[Future[Proposal | Missing], int] | None = None
        self._latencies_ms: deque[float] = deque(maxlen=KEPT)

    @property
    def busy(self) -> bool:
        """Return whether an inference is under way, or its result not yet taken."""
        return self._pending is not None

    @property
    def latencies_ms(self) -> tuple[float, float]:
        """Return the median and the 99th percentile of what an inference took; 0 without one."""
        p50, p99 = np.percentile(self._latencies_ms or [0.0], (50, 99))
        return round(float(p50), 3), round(float(p99), 3)

    def begin(self, inputs: Inputs, now_ns: int, memory: Memory, sent: SentChunks) -> None:
        """Begin an inference that goes on from what was `sent`; there must be none under way."""
        future = self._executor.submit(self._propose, inputs, now_ns, memory, sent)
        self._pending = future, now_ns

    def wait(self, most_ns: int) -> None:
        """Sleep until the inference is done, `most_ns` at most."""
        if self._pending is not None:
            wait([self._pending[0]], most_ns / 1e9)

    def take(self, now_ns: int) -> Proposal | Missing | None:
        """Return the result once, None while there is none; what the graph raised is raised."""
        if self._pending is None or not self._pending[0].done():
            return None
        (future, begun_ns), self._pending = self._pending, None
        result = future.result()
        if isinstance(result, Proposal):
            self._latencies_ms.append((now_ns - begun_ns) / MILLISECOND)
        return result

    def forget(self) -> None:
        """Take no result of what is being inferred."""
        self._pending = None

    def close(self) -> None:
        """End the thread when it has done its last inference."""
        self._executor.shutdown(wait=False)

    def _propose(
        self, inputs: Inputs, now_ns: int, memory: Memory, sent: SentChunks
    ) -> Proposal | Missing:
        steady = SteadyClock()
        begun_ns = steady.now_ns()
        result = self._inference.propose(inputs, now_ns, memory, sent)
        if self._least_ns and isinstance(result, Proposal):
            steady.sleep_until(begun_ns + self._least_ns)
        return result
