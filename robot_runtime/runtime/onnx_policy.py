"""ONNX policy: a graph that runs only when its card, its hash and its golden outputs agree."""

from collections.abc import Mapping
import hashlib
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any
import zipfile

import numpy as np
from numpy.typing import NDArray
import onnx
import onnxruntime as ort
from robot_runtime.core.types import Floats
from robot_runtime.runtime.card_checks import check_graph, GraphValue
from robot_runtime.runtime.card_inputs import Read
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.graph_metadata import check_metadata
from robot_runtime.runtime.policy_card import CARD, Graph, load_card, PolicyCard
from robot_runtime.runtime.staged_session import StagedSession
from robot_runtime.runtime.text_files import text_readers

Feed = Mapping[str, NDArray[Any]]
DTYPES = {
    'tensor(float)': 'float32', 'tensor(double)': 'float64', 'tensor(int64)': 'int64',
    'tensor(int32)': 'int32', 'tensor(uint8)': 'uint8', 'tensor(string)': 'object',
    'tensor(bool)': 'bool',
}  # fmt: skip


class PolicyError(RuntimeError):
    """A graph failed while it ran; the text is one sentence."""


class OnnxPolicy:
    """A checked graph in a session; `infer` turns a feed into rows of joints in SI units."""

    def __init__(
        self, card: PolicyCard, session: ort.InferenceSession | StagedSession
    ) -> None:
        """Take a session whose names, shapes and types the card describes."""
        self.card = card
        self._session = session
        self._inputs = [_graph_value(value) for value in session.get_inputs()]
        results = [_graph_value(value) for value in session.get_outputs()]
        check_graph(card, self._inputs, results)
        check_metadata(card, session.get_modelmeta().custom_metadata_map)
        self._result = next(value for value in results if value.name == card.output.name)
        self._output = card.output.name
        # what each state input is fed with, zeros at the beginning of an engagement
        self._states = {pair.feeds: pair.output for pair in card.state}
        self._zeros = {v.name: _zeros(v) for v in self._inputs if v.name in self._states}
        self._actions = card.output.actions()
        self.texts: dict[str, Read] = {}  # what makes figures of an instruction, by the term

    @classmethod
    def load(cls, folder: str | Path, provider: str = 'CPUExecutionProvider') -> 'OnnxPolicy':
        """Return the policy in a model folder, or raise a ConfigError with one sentence."""
        path = Path(folder)
        card = load_card(path)
        graph = path / card.graph.file
        session = _loaded(card, card.graph, path, provider)
        if card.sampler is not None:
            denoise = _loaded(card, card.sampler.graph, path, provider)
            policy = cls(card, StagedSession(card, card.sampler, session, denoise))
        else:
            policy = cls(card, session)
        policy.texts = text_readers(card, path)
        try:
            policy.warm_up()
            if card.golden is not None:
                golden = card.golden
                policy.check_golden(path / golden.file, golden.tolerance, golden.sequence)
        except PolicyError as error:
            raise ConfigError(f'{graph}: {error}') from error
        return policy

    @property
    def input_names(self) -> tuple[str, ...]:
        """Return the names of what `infer` needs."""
        return tuple(value.name for value in self._inputs)

    def step(
        self, feed: Feed, recurrent: Feed | None = None
    ) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
        """
        Return the graph's raw output, and its state to be handed in at the next step.

        Each input is cast and shaped as the graph declares; without a state it begins at zero.
        """
        given = self._zeros | dict(feed) | dict(recurrent or {})
        fed = {value.name: _shaped(given[value.name], value) for value in self._inputs}
        try:
            output, *states = self._session.run([self._output, *self._states.values()], fed)
        except Exception as error:  # ONNX Runtime has classes of its own for each status
            raise PolicyError(
                f'the graph of {self.card.name} cannot be run: {_one_line(error)}'
            ) from error
        return output, dict(zip(self._states, states, strict=True))

    def run(self, feed: Feed) -> NDArray[Any]:
        """Return the graph's raw output; a state that is not in `feed` is zero."""
        return self.step(feed)[0]

    def infer(self, feed: Feed) -> Floats:
        """Return the rows (T, J) in SI units, joints in the order of the card."""
        return self.rows(self.table(self.run(feed)))

    def table(self, output: NDArray[Any]) -> Floats:
        """Return the graph's output as rows (T, J) of the graph's own figures."""
        return self._actions.table(output)

    def rows(self, table: Floats, position: Floats | None = None) -> Floats:
        """Return what `table` gave in SI units; deltas start from `position`, (J,)."""
        return self._actions.targets(table, position)

    def warm_up(self) -> None:
        """Run once on zeros, so that the first real inference is not the slow one."""
        self.run({value.name: _zeros(value) for value in self._inputs})

    def check_golden(self, path: Path, tolerance: float, sequence: bool = False) -> None:
        """
        Refuse a graph that does not give the outputs its maker saw.

        The file holds one array per input and output, of the graph's shape, or of one more
        dimension in front for several pairs. A `sequence` has no state in it: it is fed back.
        """
        stored = _golden_arrays(path)
        fed = [name for name in self.input_names if not (sequence and name in self._states)]
        wanted = {*fed, self._output}
        if stored.keys() != wanted:
            raise ConfigError(
                f'golden file {path} holds {sorted(stored)}, but must hold {sorted(wanted)}'
            )
        values = {value.name: value for value in (*self._inputs, self._result)}
        counts = {name: array.size / prod(values[name].fixed) for name, array in stored.items()}
        count = int(counts[self._output])
        if count < 1 or set(counts.values()) != {count}:
            raise ConfigError(f'golden file {path} must hold as many of each, but has {counts}')
        pairs = {name: array.reshape(count, -1) for name, array in stored.items()}
        state: Feed = {}
        for i in range(count):
            got, after = self.step({name: pairs[name][i] for name in fed}, state)
            state = after if sequence else {}
            error = float(np.max(np.abs(got.reshape(-1) - pairs[self._output][i])))
            if not error <= tolerance:
                raise ConfigError(
                    f'golden pair {i} of {path} differs by {error:.3g}, more than the '
                    f'{tolerance:.3g} that the card allows'
                )


def package_sha256(folder: Path) -> str:
    """Return the hash of the card and of all the files it names, as robot files pin it."""
    card = load_card(folder)
    names = {CARD, *card.files}
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(f'{_sha256(_bytes(folder / name))}  {name}\n'.encode())
    return total.hexdigest()


def check_pin(folder: Path, pin: str | None) -> None:
    """Refuse a folder that is not the `name@sha256` of the robot file; None: nothing is pinned."""
    if pin is None:
        return
    have = f'{load_card(folder).name}@{package_sha256(folder)}'
    if have != pin:
        raise ConfigError(f'the robot file pins the policy {pin}, but {folder} holds {have}')


def _loaded(
    card: PolicyCard, graph: Graph, folder: Path, provider: str
) -> ort.InferenceSession:
    """Return a session of one graph of a card, whose bytes are those of its hash."""
    path = folder / graph.file
    content = _checked_bytes(path, graph.sha256)
    _check_external_data(content, card, graph, folder)
    # from the bytes that were hashed; a graph with external data needs its path
    return _session(str(path) if graph.external_data else content, provider, path)


def _session(source: str | bytes, provider: str, graph: Path) -> ort.InferenceSession:
    """Return a session on `provider` and no other, with one thread that does not spin."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    have = ort.get_available_providers()
    if provider not in have:
        raise ConfigError(f'execution provider {provider} is not there; there are {have}')
    try:
        session = ort.InferenceSession(source, options, providers=[provider])
    except Exception as error:
        raise ConfigError(f'{graph} cannot be loaded: {_one_line(error)}') from error
    # the CPU provider stands behind every other; the first place is where nodes go
    used = session.get_providers()
    if used[:1] != [provider]:
        raise ConfigError(f'execution provider {provider} was asked for, but {used} is in use')
    return session


def _check_external_data(
    content: bytes, card: PolicyCard, graph: Graph, folder: Path
) -> None:
    """Refuse weights outside the folder, and weights that the card does not list with a hash."""
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:
        raise ConfigError(f'{folder / graph.file} is not an ONNX graph') from error
    used = _external_files(model)
    for name in sorted(used):
        parts = PurePosixPath(name).parts
        if len(parts) != 1 or parts[0] == '..' or (folder / name).is_symlink():
            raise ConfigError(
                f'{folder / graph.file} has its weights in {name!r}, which must be a file '
                f'of the folder {folder}'
            )
    if used != set(graph.external_data):
        raise ConfigError(
            f'card {card.name}: graph.external_data lists {sorted(graph.external_data)}, '
            f'but the graph uses {sorted(used)}'
        )
    for name, sha256 in graph.external_data.items():
        _checked_bytes(folder / name, sha256)


def _external_files(message: Any) -> set[str]:
    """Return the files that any tensor in `message` takes its values from, at any depth."""
    found: set[str] = set()
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.name == 'external_data':
            found.update(entry.value for entry in value if entry.key == 'location')
            continue
        for inner in value if hasattr(value, '__len__') else (value,):
            found |= _external_files(inner)
    return found


def _golden_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ConfigError(f'golden file {path} cannot be read: {_one_line(error)}') from error


def _checked_bytes(path: Path, sha256: str) -> bytes:
    content = _bytes(path)
    have = _sha256(content)
    if have != sha256:
        raise ConfigError(f'{path} has the sha256 {have}, but its card says {sha256}')
    return content


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f'{path} cannot be read: {error.strerror}') from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _graph_value(value: Any) -> GraphValue:
    shape = tuple(size if isinstance(size, int) else None for size in value.shape)
    return GraphValue(value.name, shape, DTYPES.get(value.type, value.type))


def _shaped(array: NDArray[Any], value: GraphValue) -> NDArray[Any]:
    return np.asarray(array, dtype=value.dtype).reshape(value.fixed)


def _zeros(value: GraphValue) -> NDArray[Any]:
    return np.full(value.fixed, '' if value.dtype == 'object' else 0, dtype=value.dtype)


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split())[:300]
