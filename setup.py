"""Package for colcon (ament_python) and for pip."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = 'robot_runtime'
ROS_WHEELS = ['ros-rclpy', 'ros-rmw-fastrtps-cpp', 'ros-common-interfaces']
MUJOCO = ['mujoco>=3.2']


def shared_files(folder):
    """Return the data_files entries that put every file of `folder` under share/."""
    by_parent = {}
    for path in sorted(Path(folder).rglob('*')):
        hidden = any(part.startswith(('.', '__')) for part in path.parts)
        if path.is_file() and not hidden:
            by_parent.setdefault(path.parent, []).append(str(path))
    return [(f'share/{NAME}/{parent.as_posix()}', files) for parent, files in by_parent.items()]


setup(
    name=NAME,
    version='0.1.0',
    description='Runtime that puts a robot foundation policy on a real robot.',
    long_description=Path('README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    maintainer='robot_runtime team',
    maintainer_email='team@robot-runtime.dev',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['py.typed']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        *shared_files('config'),
        *shared_files('launch'),
        *shared_files('models'),
        *shared_files('urdf'),
    ],
    python_requires='>=3.10',
    install_requires=[
        'mcap',
        'mcap-ros2-support',
        'numba>=0.58',
        'numpy>=1.26',
        'onnxruntime>=1.17',
        'opencv-python-headless',
        'pillow',
        'pin',
        'psutil',
        'pydantic>=2',
        'pyyaml',
        'rich',
        'ruckig',
        'typer',
    ],
    extras_require={
        # A machine with ROS 2 from its distribution has the first three already.
        'ros': ROS_WHEELS,
        'mujoco': MUJOCO,
        'sim': [*ROS_WHEELS, *MUJOCO, 'matplotlib', 'onnx'],
        # Policies whose folder has a tokenizer.json.
        'text': ['tokenizers'],
        # Makes models/pick anew; the CPU build of torch is enough.
        'train': ['onnx', 'onnxscript', 'torch'],
        'test': [
            'catkin_pkg', 'foundation-policy', 'h5py', 'hypothesis', 'mypy', 'pytest',
            'pytest-rerunfailures', 'ruff',
        ],
    },
    entry_points={
        'console_scripts': [
            'robot-runtime = robot_runtime.cli.main:app_main',
            'policy_node = robot_runtime.ros.policy_node:main',
            'control_node = robot_runtime.ros.control_node:main',
            'safety_node = robot_runtime.ros.safety_node:main',
            'sim_node = robot_runtime.ros.sim_node:main',
            'recorder_node = robot_runtime.ros.recorder_node:main',
        ],
    },
    zip_safe=False,
)
