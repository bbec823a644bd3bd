"""Inference on a thread of its own: one at a time, its result taken once."""

from collections.abc import Iterator
from threading import Event

import numpy as np
import pytest
from robot_runtime.core.memory import Memory
from robot_runtime.core.observation import Inputs, Missing
from robot_runtime.core.sent_chunks import SentChunks
from robot_runtime.runtime.inference import Proposal
from robot_runtime.runtime.inference_worker import InferenceWorker
from robot_runtime.runtime.onnx_policy import PolicyError

MS = 1_000_000
CHUNK = Proposal(5, MS, np.zeros((1, 1)), {})


class Told:
    """Stands in for an inference: says what it is told to, when it may."""

    def __init__(self) -> None:
        self.may, self.answer = Event(), CHUNK
        self.seen: list[int] = []

    def propose(
        self, _: Inputs, now_ns: int, __: Memory, ___: SentChunks
    ) -> Proposal | Missing:
        self.seen.append(now_ns)
        assert self.may.wait(30.0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def told() -> Iterator[Told]:
    inference = Told()
    yield inference
    inference.may.set()


def test_a_result_is_taken_once_and_not_before_it_is_there(told: Told) -> None:
    worker = InferenceWorker(told)
    assert (worker.busy, worker.take(0), worker.latencies_ms) == (False, None, (0.0, 0.0))
    worker.begin(Inputs(), 7, Memory(), SentChunks())
    assert worker.busy
    assert worker.take(8) is None
    told.may.set()
    worker.wait(30_000 * MS)
    assert worker.take(7 + 3 * MS) is CHUNK
    assert (worker.busy, worker.take(9), told.seen) == (False, None, [7])
    assert worker.latencies_ms == (3.0, 3.0)
    worker.close()


def test_what_is_missing_has_no_latency_and_what_the_graph_raised_is_raised(told: Told) -> None:
    worker = InferenceWorker(told, least_ns=MS)
    told.may.set()
    for answer in (Missing(('a camera',)), PolicyError('the graph cannot be run')):
        told.answer = answer
        worker.begin(Inputs(), 0, Memory(), SentChunks())
        worker.wait(30_000 * MS)
        if isinstance(answer, Missing):
            assert worker.take(MS) is answer
        else:
            with pytest.raises(PolicyError, match='cannot be run'):
                worker.take(MS)
        assert not worker.busy
    assert worker.latencies_ms == (0.0, 0.0)
    worker.close()


def test_a_forgotten_inference_has_no_result(told: Told) -> None:
    worker = InferenceWorker(told)
    worker.begin(Inputs(), 0, Memory(), SentChunks())
    worker.forget()
    told.may.set()
    worker.begin(Inputs(), 1, Memory(), SentChunks())
    worker.wait(30_000 * MS)
    assert worker.take(2) is CHUNK
    assert worker.take(3) is None
    worker.close()
