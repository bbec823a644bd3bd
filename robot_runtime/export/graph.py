"""Tracer that evaluates numpy and writes the same operations down as an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray
from onnx import checker, helper, ModelProto, NodeProto, numpy_helper, TensorProto

Array = NDArray[Any]
Like: TypeAlias = Union['Tensor', Array, float]
OPSET = 17
IR_VERSION = 9


def _slice(x: Array, starts: Array, ends: Array, axes: Array) -> Array:
    """Return what the ONNX operator Slice returns for steps of one."""
    index = [slice(None)] * x.ndim
    for start, end, axis in zip(starts, ends, axes, strict=True):
        index[axis] = slice(int(start), int(end))
    return x[tuple(index)]


NUMPY: dict[str, Callable[..., Any]] = {
    'Abs': np.abs,
    'Add': np.add,
    'And': np.logical_and,
    'Concat': lambda *xs, axis: np.concatenate(xs, axis=axis),
    'Cos': np.cos,
    'Div': np.divide,
    'Gather': lambda x, index, axis: np.take(x, index, axis=axis),
    'Less': np.less,
    'MatMul': np.matmul,
    'Max': np.maximum,
    'Min': np.minimum,
    'Mul': np.multiply,
    'Not': np.logical_not,
    'Or': np.logical_or,
    'ReduceMax': lambda x, axes, keepdims: np.max(x, axis=tuple(axes), keepdims=bool(keepdims)),
    'ReduceSum': lambda x, axes, keepdims: np.sum(x, axis=tuple(axes), keepdims=bool(keepdims)),
    'Reshape': lambda x, shape: np.reshape(x, shape),
    'Sign': np.sign,
    'Sin': np.sin,
    'Slice': _slice,
    'Split': lambda x, axis: np.split(x, x.shape[axis], axis=axis),
    'Sqrt': np.sqrt,
    'Sub': np.subtract,
    'Transpose': lambda x, perm: np.transpose(x, perm),
    'Where': np.where,
}


class Tensor:
    """One value of the traced computation: its name in the graph and its numpy array."""

    def __init__(self, trace: Trace, name: str, value: Array) -> None:
        self.trace = trace
        self.name = name
        self.value = value

    def __add__(self, other: Like) -> Tensor:
        return self.trace.op('Add', self, other)

    def __sub__(self, other: Like) -> Tensor:
        return self.trace.op('Sub', self, other)

    def __rsub__(self, other: Like) -> Tensor:
        return self.trace.op('Sub', other, self)

    def __mul__(self, other: Like) -> Tensor:
        return self.trace.op('Mul', self, other)

    def __truediv__(self, other: Like) -> Tensor:
        return self.trace.op('Div', self, other)

    def __rtruediv__(self, other: Like) -> Tensor:
        return self.trace.op('Div', other, self)

    def __matmul__(self, other: Like) -> Tensor:
        return self.trace.op('MatMul', self, other)

    def __lt__(self, other: Like) -> Tensor:
        return self.trace.op('Less', self, other)

    def __and__(self, other: Tensor) -> Tensor:
        return self.trace.op('And', self, other)

    def __or__(self, other: Tensor) -> Tensor:
        return self.trace.op('Or', self, other)

    def __invert__(self) -> Tensor:
        return self.trace.op('Not', self)

    def __abs__(self) -> Tensor:
        return self.trace.op('Abs', self)

    __radd__ = __add__
    __rmul__ = __mul__

    def part(self, *ranges: tuple[int, int, int]) -> Tensor:
        """Return the part given by (axis, start, end), each axis kept."""
        axes, starts, ends = (np.array(part, dtype=np.int64) for part in zip(*ranges, strict=True))
        return self.trace.op('Slice', self, starts, ends, axes)

    def take(self, index: Sequence[int] | Tensor, axis: int) -> Tensor:
        """Return the entries `index` of one axis, in that order."""
        chosen = index if isinstance(index, Tensor) else np.array(index, dtype=np.int64)
        return self.trace.op('Gather', self, chosen, axis=axis)

    def reshape(self, *shape: int) -> Tensor:
        """Return the same numbers in another shape."""
        return self.trace.op('Reshape', self, np.array(shape, dtype=np.int64))

    def transpose(self, *perm: int) -> Tensor:
        """Return the tensor with its axes in the order `perm`."""
        return self.trace.op('Transpose', self, perm=list(perm))

    def total(self, axis: int) -> Tensor:
        """Return the sum over one axis, which is kept with length one."""
        return self.trace.op('ReduceSum', self, np.array([axis], dtype=np.int64), keepdims=1)

    def largest(self, axis: int) -> Tensor:
        """Return the largest entry over one axis, which is kept with length one."""
        return self.trace.op('ReduceMax', self, axes=[axis], keepdims=1)

    def split(self, axis: int) -> list[Tensor]:
        """Return the slices of length one along an axis."""
        return self.trace.split(self, axis)


class Trace:
    """A computation under way: every operation is evaluated and written down as a node."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[tuple[str, tuple[int, ...], bytes], TensorProto] = {}
        self.inputs: list[Tensor] = []

    def placeholder(self, name: str, value: Array) -> Tensor:
        """Return a graph input with an example value."""
        tensor = Tensor(self, name, value)
        self.inputs.append(tensor)
        return tensor

    def constant(self, value: Array | float) -> Tensor:
        """Return a constant; equal ones are stored once, floats as float32."""
        array = np.asarray(value)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        array = np.ascontiguousarray(array).reshape(array.shape)
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, f'c{len(self.constants)}')
        return Tensor(self, self.constants[key].name, array)

    def _emit(self, kind: str, args: Sequence[Like], count: int, attrs: dict[str, Any]) -> Any:
        tensors = [a if isinstance(a, Tensor) else self.constant(a) for a in args]
        value = NUMPY[kind](*(t.value for t in tensors), **attrs)
        names = [f'n{len(self.nodes)}_{i}' if count > 1 else f'n{len(self.nodes)}'
                 for i in range(count)]
        self.nodes.append(helper.make_node(kind, [t.name for t in tensors], names, **attrs))
        values = value if count > 1 else [value]
        return [Tensor(self, n, v) for n, v in zip(names, values, strict=True)]

    def op(self, kind: str, *args: Like, **attrs: Any) -> Tensor:
        """Return the result of one ONNX operator."""
        tensor: Tensor = self._emit(kind, args, 1, attrs)[0]
        return tensor

    def split(self, x: Tensor, axis: int) -> list[Tensor]:
        """Return the slices of length one of `x` along an axis, by one node."""
        tensors: list[Tensor] = self._emit('Split', [x], x.value.shape[axis], {'axis': axis})
        return tensors

    def where(self, condition: Tensor, yes: Like, no: Like) -> Tensor:
        """Return `yes` where the condition holds and `no` elsewhere."""
        return self.op('Where', condition, yes, no)

    def concat(self, parts: Sequence[Like], axis: int) -> Tensor:
        """Return the parts joined along an axis."""
        return self.op('Concat', *parts, axis=axis)

    def model(self, outputs: dict[str, Tensor], name: str) -> ModelProto:
        """Return the checked ONNX model that computes `outputs` from the inputs."""
        nodes = list(self.nodes)
        infos = []
        for key, tensor in outputs.items():
            nodes.append(helper.make_node('Identity', [tensor.name], [key]))
            infos.append(_info(key, tensor.value))
        graph = helper.make_graph(
            nodes, name, [_info(t.name, t.value) for t in self.inputs], infos,
            list(self.constants.values()))
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid('', OPSET)], ir_version=IR_VERSION,
            producer_name='robot_runtime')
        checker.check_model(model, full_check=True)
        return model


def _info(name: str, value: Array) -> Any:
    """Return name, element type and shape of an input or output."""
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor_value_info(name, kind, list(value.shape))
