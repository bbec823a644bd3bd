"""Schema text of a message type, dependencies included, as MCAP's ros2msg encoding wants it."""

from collections.abc import Iterator
from importlib import import_module
import os
from pathlib import Path
import re
import sys
from typing import Any

SEPARATOR = '=' * 80
PRIMITIVES = frozenset(
    'bool byte char float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 '
    'string wstring'.split()
)
# What message classes call a type, where a .msg file calls it otherwise.
FILE_NAMES = {'boolean': 'bool', 'octet': 'byte', 'float': 'float32', 'double': 'float64'}
FIELD = re.compile(r'^(?P<type>[A-Za-z][\w/]*)\S*\s+[A-Za-z]\w*')
SEQUENCE = re.compile(r'^sequence<(?P<type>[^,]+?)(?:, (?P<most>\d+))?>$')


class UnknownMessageError(LookupError):
    """A message type is not installed; the text is one sentence."""


def message_class(type_name: str) -> Any:
    """Return the Python class of `package/msg/Name`."""
    try:
        package, folder, name = type_name.split('/')
        return getattr(import_module(f'{package}.{folder}'), name)
    except (ImportError, AttributeError, ValueError):
        raise UnknownMessageError(f'message type {type_name} is not installed') from None


def message_schema(type_name: str) -> str:
    """Return the text of `package/msg/Name`, then that of each type it needs, each one once."""
    texts: dict[str, str] = {}
    waiting = [type_name]
    while waiting:
        one = waiting.pop(0)
        if one not in texts:
            texts[one] = _definition(one)
            waiting += _dependencies(one, texts[one])
    first, *others = texts
    parts = [texts[first]]
    for name in others:
        package, _, short = name.split('/')
        parts.append(f'{SEPARATOR}\nMSG: {package}/{short}\n{texts[name]}')
    return '\n'.join(parts)


def _definition(type_name: str) -> str:
    for folder in _share_folders():
        path = folder / f'{type_name}.msg'
        if path.is_file():
            return path.read_text()
    return text_from_class(message_class(type_name))


def _share_folders() -> Iterator[Path]:
    """Yield where .msg files may be: a distribution's prefixes, then the wheels' environment."""
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        if prefix:
            yield Path(prefix) / 'share'
    yield Path(sys.prefix) / 'share'


def _dependencies(type_name: str, text: str) -> Iterator[str]:
    own_package = type_name.split('/')[0]
    for line in text.splitlines():
        match = FIELD.match(line.split('#')[0].strip())
        if match is None or match['type'] in PRIMITIVES:
            continue
        parts = match['type'].split('/')
        package = parts[0] if len(parts) > 1 else own_package
        yield f'{package}/msg/{parts[-1]}'


def text_from_class(message: Any) -> str:
    """Return the definition rebuilt from a message class, which keeps no constants."""
    fields = message.get_fields_and_field_types()
    return ''.join(f'{_file_type(kind)} {name}\n' for name, kind in fields.items())


def _file_type(kind: str) -> str:
    sequence = SEQUENCE.match(kind)
    if sequence:
        most = f'<={sequence["most"]}' if sequence['most'] else ''
        return f'{_file_type(sequence["type"])}[{most}]'
    base, bracket, rest = kind.partition('[')
    base = re.sub(r'^(w?string)<(\d+)>$', r'\1<=\2', base)
    return FILE_NAMES.get(base, base) + bracket + rest
