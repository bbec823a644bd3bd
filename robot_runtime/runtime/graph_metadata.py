"""Metadata that exporters put into a graph: checked against the card, never used in its place."""

from collections.abc import Mapping, Sequence
import json

import numpy as np
from robot_runtime.core.types import Floats
from robot_runtime.runtime.config_file import ConfigError
from robot_runtime.runtime.policy_card import Output, PolicyCard

# As mjlab, Isaac Lab and holosoma write them: lists with commas between, or JSON.
NAMES = ('joint_names', 'dof_names')
PER_JOINT = ('default_joint_pos', 'joint_stiffness', 'joint_damping', 'action_scale', 'kp', 'kd')
ROUNDING = 6e-4  # three decimals


def check_metadata(card: PolicyCard, metadata: Mapping[str, str]) -> None:
    """Refuse a graph whose own metadata contradict it, or the card; others are of no concern."""
    if card.graph.metadata == 'ignored' or card.output.tool is not None:
        return
    who = f'card {card.name}: the graph has the metadata'
    names = None
    for key in NAMES:
        if key in metadata:
            names = _items(who, key, metadata[key])
            _check_names(who, key, names, card.output)
    for key in PER_JOINT:
        if key in metadata:
            figures = _figures(who, key, _items(who, key, metadata[key]))
            _check_count(who, key, figures, card.output, names)
            _check_figures(who, key, figures, card.output)


def _items(who: str, key: str, text: str) -> list[str]:
    """Return the items of a list; one that is empty or not closed is refused."""
    if text.lstrip().startswith('['):
        try:
            return [str(item) for item in json.loads(text)]
        except ValueError as error:
            raise ConfigError(f'{who} {key}, which is no JSON: is it cut off?') from error
    items = [item.strip() for item in text.split(',')]
    if '' in items:
        raise ConfigError(
            f'{who} {key}, whose item {items.index("") + 1} of {len(items)} is empty: is it cut '
            'off?'
        )
    return items


def _figures(who: str, key: str, items: Sequence[str]) -> Floats:
    for k, item in enumerate(items):
        try:
            float(item)
        except ValueError as error:
            raise ConfigError(
                f'{who} {key}, whose item {k + 1} of {len(items)} is {item[:40]!r} and no figure: '
                'is it cut off?'
            ) from error
    return np.array([float(item) for item in items])


def _check_names(who: str, key: str, names: Sequence[str], output: Output) -> None:
    """Refuse another number of joints than of actions, and joints in another order."""
    if len(names) != len(output.joints):
        raise ConfigError(
            f'{who} {key} with {len(names)} joints, but its output {output.name} gives '
            f'{len(output.joints)} actions, so that nobody can tell which joint takes which '
            '(graph.metadata: ignored, if you can)'
        )
    known = [name for name in output.joints if name in names]
    if known != [name for name in names if name in output.joints]:
        raise ConfigError(
            f'{who} {key} {list(names)}, but output.joints of the card has them in another order'
        )


def _check_count(
    who: str, key: str, figures: Floats, output: Output, names: Sequence[str] | None
) -> None:
    """Refuse a list that has not one figure for each joint."""
    joints = len(names or output.joints)
    if len(figures) != joints and not (key == 'action_scale' and len(figures) == 1):
        raise ConfigError(
            f'{who} {key} with {len(figures)} figures for {joints} joints: is it cut off?'
        )


def _check_figures(who: str, key: str, figures: Floats, output: Output) -> None:
    """Refuse a card that scales the actions otherwise, or around another pose."""
    count = len(output.joints)
    scale, offset = output.affine()
    ours = {'action_scale': ('scale', scale), 'default_joint_pos': ('offset', offset)}.get(key)
    if ours is None or (key == 'default_joint_pos' and output.action != 'joint_position'):
        return
    field, have = ours[0], np.broadcast_to(ours[1], count)
    away = np.abs(np.broadcast_to(figures, count) - have)
    if (away > ROUNDING).any():
        k = int(np.argmax(away))
        raise ConfigError(
            f'{who} {key} {np.broadcast_to(figures, count)[k]:g} for {output.joints[k]}, but '
            f'output.{field} of the card makes it {have[k]:g}'
        )
