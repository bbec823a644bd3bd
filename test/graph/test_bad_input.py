"""Bad input: one clear sentence on stderr, a non-zero exit, and nothing that moved."""

import os
from pathlib import Path
import shutil
import signal

from fake_robot import node, refusal, WITHIN_S
import pytest
from robot_runtime.cli.main import app
from robot_runtime.runtime import resources
from robot_runtime.runtime.processes import process_environment
from typer.testing import CliRunner
import yaml

ROBOT = resources.find('config/robots/fr3.yaml')
POLICY = resources.find('models/scripted_pick')


@pytest.fixture(autouse=True)
def domain(monkeypatch: pytest.MonkeyPatch) -> str:
    name = os.environ.get('ROS_DOMAIN_ID') or str(1 + os.getpid() % 100)
    for key, value in (process_environment() | {'ROS_DOMAIN_ID': name}).items():
        monkeypatch.setenv(key, value)
    return name


def said(*words: str) -> str:
    """Return the one sentence that the command line refuses `words` with."""
    done = CliRunner().invoke(app, list(words))
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 1, done.output
    assert done.stdout == ''
    (line,) = done.stderr.splitlines()
    assert line.startswith('robot-runtime: ')
    return line


def robot_file(folder: Path, change: object = None) -> str:
    data = yaml.safe_load(ROBOT.read_text(encoding='utf-8'))
    if callable(change):
        change(data)
    path = folder / 'robot.yaml'
    path.write_text(yaml.safe_dump(data), encoding='utf-8')
    return str(path)


def policy_folder(folder: Path, change: object = None) -> Path:
    made = folder / 'a policy'
    shutil.copytree(POLICY, made)
    if callable(change):
        card = yaml.safe_load((made / 'card.yaml').read_text(encoding='utf-8'))
        change(card)
        (made / 'card.yaml').write_text(yaml.safe_dump(card), encoding='utf-8')
    return made


def first_joint(data: dict) -> dict:
    return data['groups'][0]['joints'][0]


def rename_joints(card: dict) -> None:
    names = [f'ur5_joint{k}' for k in range(8)]
    card['output']['joints'] = card['inputs'][0]['joints'] = names


def ask_for_a_camera(card: dict) -> None:
    card['inputs'].append(
        {
            'name': 'top', 'term': 'image', 'camera': 'top', 'width': 8, 'height': 6,
            'layout': 'CHW', 'normalization': 'identity',
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (('--robot', 'nobody'), "no robot is named 'nobody'; there are: fr3"),
        (('--robot', 'a b'), "no robot is named 'a b'; there are: fr3"),
        (('--robot', '/no/robot.yaml'), '/no/robot.yaml cannot be read: No such file'),
        (('--policy', 'nothing'), "no policy is named 'nothing'; there are: "),
        (('--policy', '/no/model'), 'the model folder /no/model does not exist'),
        (('--rate-hz', 'nan'), '--rate-hz is nan, but must be from 1 to 1000'),
        (('--rate-hz', '5000'), '--rate-hz is 5000, but must be from 1 to 1000'),
        (('--speed', '0'), '--speed is 0, but must be from 0.01 to 1'),
        (('--seed', '-5'), '--seed is -5, but must be from 0 to'),
        (('--namespace', 'a b'), "the namespace is 'a b', but takes letters, digits, _"),
        (('--namespace', '7up'), "the namespace is '7up', but takes letters, digits, _"),
        (('--record', '/proc/none'), 'nothing can be written to the folder /proc/none: '),
        (('--log', '/proc/none'), 'nothing can be written to the folder /proc/none: '),
    ],
)
def test_up_refuses_before_it_starts_anything(words: tuple[str, ...], sentence: str) -> None:
    assert sentence in said('up', '--sim', *words)


@pytest.mark.parametrize('number', ['233', '-1', 'abc', '1.5'])
@pytest.mark.parametrize('command', [('up',), ('status',), ('estop',), ('check',)])
def test_a_domain_that_ros_does_not_have_is_refused(
    command: tuple[str, ...], number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', number)
    sentence = f"ROS_DOMAIN_ID is '{number}', but must be a whole number from 0 to 232"
    assert said(*command) == f'robot-runtime: {sentence}'


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda d: d.update(speed=1), 'the field speed is unknown; known here: cameras, '),
        (lambda d: first_joint(d).update(velocity=-1.0), 'velocity is -1.0, but it should be gr'),
        (lambda d: first_joint(d).update(velocity=float('nan')), 'velocity is nan, but it should'),
        (lambda d: d.update(urdf='none.urdf'), 'none.urdf cannot be read: No such file'),
        (
            lambda d: first_joint(d).update(velocity=2.63),
            'joint fr3_joint1 has velocity 2.63, which is looser than the 2.62 of ',
        ),
        (
            lambda d: first_joint(d).update(lower=-2.75),
            'joint fr3_joint1 has lower -2.75, which is looser than the -2.7437 of ',
        ),
        (
            lambda d: (
                first_joint(d).update(name='elbow'),
                d['home'].update(elbow=d['home'].pop('fr3_joint1')),
            ),
            'joint elbow is not in ',
        ),
        (
            lambda d: d.update(policy='scripted_pick@' + '0' * 64),
            'the robot file pins the policy scripted_pick@0000',
        ),
    ],
)
def test_a_wrong_robot_file_is_refused(tmp_path: Path, change: object, sentence: str) -> None:
    assert sentence in said('check', '--robot', robot_file(tmp_path, change))


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (rename_joints, "output.joints is ['ur5_joint0', "),
        (ask_for_a_camera, "camera top is asked for, but the robot fr3 has ['front', 'wrist']"),
        (lambda c: c['graph'].update(sha256='0' * 64), 'policy.onnx has the sha256 '),
        (lambda c: c['golden'].update(tolerance=1e-30), 'golden pair 0 of '),
        (lambda c: c['output'].update(rows=19), 'output actions has the shape '),
        (lambda c: c.pop('licence'), 'the field licence is missing'),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    tmp_path: Path, change: object, sentence: str
) -> None:
    assert sentence in said('check', '--policy', str(policy_folder(tmp_path, change)))


@pytest.mark.parametrize(
    ('name', 'content', 'sentence'),
    [
        ('card.yaml', None, 'card.yaml cannot be read: No such file'),
        ('card.yaml', b'a: [1', 'card.yaml is not YAML: '),
        ('policy.onnx', None, 'policy.onnx cannot be read: No such file'),
        ('policy.onnx', b'', 'policy.onnx has the sha256 '),
        ('golden.npz', b'PK', 'cannot be read: '),
    ],
)
def test_a_policy_folder_that_is_damaged_is_refused(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    folder = policy_folder(tmp_path)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    assert sentence in said('check', '--policy', str(folder))


def test_a_folder_with_a_recording_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / 'old_0.mcap').touch()
    assert 'holds a recording already: name another' in said('up', '--record', str(tmp_path))


CASES = [
    ('safety_node', ('-p', 'rate_hz:=0.5'), 'rate_hz of safety_node is 0.5; allowed: 1.0 to 1000'),
    ('safety_node', ('-p', 'rate_hz:=.nan'), 'rate_hz of safety_node is nan; allowed: 1.0 to '),
    ('control_node', ('-p', 'rate_hz:=fast'), "is 'fast', but a float is needed: [Hz] Ticks"),
    ('control_node', ('-p', 'rate:=100.0'), 'the parameter rate is unknown to control_node; kno'),
    ('control_node', ('-p', 'robot:=nobody'), "no robot is named 'nobody'; there are: fr3"),
    ('policy_node', ('-p', 'provider:=NoProvider'), 'execution provider NoProvider is not there'),
    ('policy_node', ('-p',), "ROS did not start: failed to initialize rcl: Couldn't parse"),
    ('recorder_node', ('-p', 'output:=/proc/none'), 'the recording /proc/none cannot be created'),
    ('sim_node', ('-p', 'seed:=-1'), 'seed of sim_node is -1; allowed: 0 to 2147483647'),
]


def test_a_node_refuses_each_wrong_parameter_with_one_sentence() -> None:
    processes = [node(name, *words) for name, words, _ in CASES]
    for (name, _, sentence), process in zip(CASES, processes, strict=True):
        assert sentence in refusal(name, process)


def test_a_simulator_without_gl_names_the_packages(tmp_path: Path) -> None:
    for suffix in ('', '.0', '.1'):  # no library at all, but found before the real one
        (tmp_path / f'libEGL.so{suffix}').touch()
    path = f'{tmp_path}:{os.environ.get("LD_LIBRARY_PATH", "")}'
    process = node('sim_node', LD_LIBRARY_PATH=path, MUJOCO_GL='egl')
    assert 'apt-get install libegl1 libegl-mesa0 libgl1' in refusal('sim_node', process)


def test_a_journal_without_room_is_a_sentence_and_no_crash_later() -> None:
    sentence = refusal('safety_node', node('safety_node', file_bytes=1 << 20))
    assert 'cannot be made in shared memory: File too large; make it larger (mount -o ' in sentence
    assert not list(Path('/dev/shm').glob(f'rr_{os.environ["ROS_DOMAIN_ID"]}_safety_node_*'))


def test_without_the_right_to_real_time_a_node_runs_and_says_what_is_lost() -> None:
    process = node('safety_node', '-p', 'priority:=1', '-p', 'cpu:=1023')
    assert process.stderr is not None
    line = next(line for line in process.stderr if 'core 1023 was refused' in line)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=WITHIN_S)
    assert 'the loop shares all cores' in line
    assert process.returncode == 0
