"""Benchmark of the checks in space: cost of each, as a ratio to a bare forward kinematics."""

from collections.abc import Callable
import json
from pathlib import Path
import tempfile
import time
from typing import Annotated, Any
import xml.etree.ElementTree as ElementTree

import numpy as np
from rich.console import Console
from rich.table import Table
from robot_runtime.cli.demo_report import write_json
from robot_runtime.core.clearance import cleared
from robot_runtime.core.fence import breach
from robot_runtime.core.limits import shape
from robot_runtime.core.types import Motion
from robot_runtime.runtime.body import load_body, UrdfBody
from robot_runtime.runtime.robot_file import load_robot, RobotFile
from robot_runtime.runtime.urdf_model import import_pinocchio
import typer

DT = 0.004
PLACES = 200
REPEATS = 5
SIDE_M = 0.5  # from the middle to the base of each arm of two
Figures = dict[str, Any]


def two_arms(folder: Path) -> RobotFile:
    """Return a robot of two FR3 arms, without their grippers, beside each other."""
    one = load_robot('fr3')
    assert one.urdf is not None
    source = ElementTree.parse(one.urdf).getroot()
    robot = ElementTree.Element('robot', name='two')
    ElementTree.SubElement(robot, 'link', name='middle')
    for side, y in (('left', SIDE_M), ('right', -SIDE_M)):
        joint = ElementTree.SubElement(robot, 'joint', name=f'{side}_base', type='fixed')
        ElementTree.SubElement(joint, 'parent', link='middle')
        ElementTree.SubElement(joint, 'child', link=f'{side}_fr3_link0')
        ElementTree.SubElement(joint, 'origin', xyz=f'0 {y} 0')
        for part in source.findall('link') + source.findall('joint'):
            text = ElementTree.tostring(part, encoding='unicode').replace('"fr3', f'"{side}_fr3')
            copy = ElementTree.fromstring(text)
            if 'finger_joint' in copy.get('name', ''):
                copy.set('type', 'fixed')
                for inner in (copy.find('limit'), copy.find('mimic')):
                    if inner is not None:
                        copy.remove(inner)
            robot.append(copy)
    path = folder / 'two.urdf'
    path.write_text(ElementTree.tostring(robot, encoding='unicode'), encoding='utf-8')
    data = json.loads(one.model_dump_json(by_alias=True, exclude_none=True))
    arm, *_ = data['groups']
    home = data['home']
    sides = ('left', 'right')
    data |= {
        'name': 'two', 'urdf': str(path),
        'groups': [named(arm, side) for side in sides],
        'home': {f'{s}_{j["name"]}': home[j['name']] for s in sides for j in arm['joints']},
    }  # fmt: skip
    data['topics']['command'] = dict.fromkeys(sides, data['topics']['command']['arm'])
    data['collision']['ignored'] = [
        [f'{s}_{a}', f'{s}_{b}'] for s in sides for a, b in data['collision']['ignored']
    ]
    del data['workspace'], data['tool_speed']
    return RobotFile.model_validate_json(json.dumps(data))


def named(group: Figures, side: str) -> Figures:
    """Return the group with `side` before its joints' names."""
    joints = [joint | {'name': f'{side}_{joint["name"]}'} for joint in group['joints']]
    return group | {'name': side, 'joints': joints}


def timed(ask: Callable[[int], object]) -> float:
    """Return the time of one call in microseconds: the median over runs of the places."""
    runs = []
    for _ in range(REPEATS):
        begin = time.thread_time_ns()
        for place in range(PLACES):
            ask(place)
        runs.append((time.thread_time_ns() - begin) / PLACES / 1e3)
    return float(np.median(runs))


def measured(robot: RobotFile, joints: int, speed: float, spread: float) -> Figures:
    """Return the cost of each check at places around home, moving at a share of the limits."""
    body = load_body(robot)
    assert isinstance(body, UrdfBody)
    limits, rng = robot.limits(), np.random.default_rng(1)
    motions = []
    while len(motions) < PLACES:
        q = robot.home_position + rng.uniform(-spread, spread, limits.count)
        q = np.clip(q, limits.lower, limits.upper)
        v = rng.uniform(-speed, speed, limits.count) * limits.velocity
        motion = Motion(q, v, np.zeros(limits.count))
        last = Motion(q - v * DT, v, np.zeros(limits.count))
        if breach(body, motion, last, limits, DT).ok:
            motions.append((motion, last))
    pin, model, data = import_pinocchio(), body.model, body.model.createData()
    models = [body.joints_of_model(motion.position) for motion, _ in motions]
    targets = [last.position + 50 * DT * last.velocity for _, last in motions]
    shaped = [shape(t, last, limits, DT, robot.groups())
              for t, (_, last) in zip(targets, motions, strict=True)]

    def loop(k: int) -> object:
        return cleared(body, shaped[k], motions[k][1], targets[k], limits, DT, robot.groups())

    bare = timed(lambda k: pin.forwardKinematics(model, data, models[k]))
    costs = {
        'distances': timed(lambda k: body.distances(motions[k][0].position[None], body.margin)),
        'all_distances': timed(
            lambda k: body.distances(motions[k][0].position[None], body.margin + 9.0)),
        'loop': timed(loop),
        'gate': timed(lambda k: breach(body, *motions[k], limits, DT)),
    }  # fmt: skip
    return {
        'joints': joints, 'pairs': len(body.labels), 'speed': speed,
        'forward_kinematics_us': round(bare, 3),
        **{f'{name}_us': round(cost, 1) for name, cost in costs.items()},
        **{f'{name}_ratio': round(cost / bare, 1) for name, cost in costs.items()},
    }  # fmt: skip


def main(
    json_file: Annotated[Path | None, typer.Option('--json', help='Write the figures.')] = None,
) -> None:
    """Measure 7 and 14 joints, at a tenth of the operating speed and at all of it."""
    table = Table('joints', 'distances', 'speed', 'FK', 'distances', 'all of them', 'loop', 'gate')
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for joints, robot in ((7, load_robot('fr3')), (14, two_arms(Path(folder)))):
            for speed in (0.1, 1.0):
                f = measured(robot, joints, speed, 0.4)
                found.append(f)
                cells = [f'{f[name + "_us"]} us ({f[name + "_ratio"]:g})' for name in (
                    'distances', 'all_distances', 'loop', 'gate')]
                table.add_row(str(joints), str(f['pairs']), f'{speed:.0%}',
                              f'{f["forward_kinematics_us"]} us', *cells)
    Console(width=110).print(table)
    if json_file is not None:
        write_json({'collision': found}, json_file)


if __name__ == '__main__':
    typer.run(main)
