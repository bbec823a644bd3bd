"""Reader of YAML files against a schema, whose every complaint is one clear sentence."""

from collections.abc import Sequence
import json
from pathlib import Path
import re
from typing import Annotated, Any, get_args, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
import yaml

KIB_64 = 65536
Positive = Annotated[float, Field(gt=0.0)]


class ConfigError(ValueError):
    """A file that cannot be used; the text names the file, the field, the value and the rule."""


class Strict(BaseModel):
    """A part of a file: unknown fields, infinities and converted types are refused."""

    model_config = ConfigDict(extra='forbid', frozen=True, strict=True, allow_inf_nan=False)


Model = TypeVar('Model', bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Safe YAML with 1e-3 as a number, and without keys that stand twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twice:
        line = node.start_mark.line + 1
        raise ConfigError(f'the keys {twice} stand twice in the mapping at line {line}')
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.add_implicit_resolver(
    'tag:yaml.org,2002:float', re.compile(r'^[-+]?\d+(\.\d*)?[eE][-+]?\d+$'), list('-+0123456789')
)


def load(model: type[Model], path: Path, most_bytes: int = 64 * KIB_64) -> Model:
    """Return the file at `path` as `model`, or raise a ConfigError with one sentence."""
    try:
        with path.open('rb') as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise ConfigError(f'{path} cannot be read: {error.strerror}') from error
    if len(content) > most_bytes:
        raise ConfigError(f'{path} is longer than the {most_bytes} bytes that are allowed')
    try:
        data = yaml.load(content, Loader=_Loader)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f'{path} is not YAML: {_one_line(error)}') from error
    return check(model, data, str(path))


def check(model: type[Model], data: object, where: str) -> Model:
    """Return `data` as `model`; `where` names the file in the sentence of the ConfigError."""
    if not isinstance(data, dict):
        raise ConfigError(f'{where} has {type(data).__name__} at its top, not a mapping of fields')
    try:
        # by way of JSON: its strict mode takes a list as a tuple and nothing else as anything
        return model.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise ConfigError(_sentence(model, error, where)) from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f'{where}: {_one_line(error)}') from error


def _sentence(model: type[BaseModel], error: ValidationError, where: str) -> str:
    """Return the first complaint as a sentence, and how many more there are."""
    errors = error.errors(include_url=False)
    # of the choices of a union, the one that was followed furthest is the one that was meant
    place = _written(errors[0]['loc'])
    choices = [e for e in errors if _written(e['loc'])[: len(place)] == place]
    first = max(choices, key=lambda e: len(_written(e['loc'])))
    more, loc = len(errors) - len(choices), _written(first['loc'])
    field = _dotted(loc)
    kind = first['type']
    if kind == 'extra_forbidden':
        known = sorted(_fields_at(model, loc[:-1]))
        text = f'the field {field} is unknown; known here: {", ".join(known)}'
    elif kind == 'missing':
        text = f'the field {field} is missing'
    elif kind in ('value_error', 'assertion_error'):
        text = f'{field}: ' * bool(field) + first['msg'].partition(', ')[2]
    else:
        rule = first['msg'].replace('Input should be', 'it should be')
        text = f'the field {field} is {_short(first["input"])}, but {rule[0].lower()}{rule[1:]}'
    return f'{where}: {text}' + (f' (and {more} more)' if more else '')


def _written(loc: Sequence[int | str]) -> tuple[int | str, ...]:
    """Return a place without the names that pydantic adds for the choices of a union."""
    models = {model.__name__ for model in Strict.__subclasses__()}
    return tuple(p for p in loc if not (p in models or str(p).startswith('literal[')))


def _dotted(loc: Sequence[int | str]) -> str:
    """Return the place as it is written in a program: groups[0].joints[2].velocity."""
    parts = (f'[{part}]' if isinstance(part, int) else f'.{part}' for part in loc)
    return ''.join(parts).removeprefix('.')


def _fields_at(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    """Return the names of the fields of the model that sits at `loc` inside `model`."""
    here: object = model
    for part in loc:
        inner = _models(here)
        fields = _by_written_name(inner[0]) if inner else {}
        here = fields[part].annotation if isinstance(part, str) and part in fields else here
    inner = _models(here)
    return list(_by_written_name(inner[0])) if inner else []


def _by_written_name(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model under the names that stand in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models(annotation: object) -> list[type[BaseModel]]:
    """Return the models that an annotation such as `tuple[Camera, ...] | None` mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split())
