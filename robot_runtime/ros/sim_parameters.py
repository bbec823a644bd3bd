"""Parameters of the simulator node."""

from robot_runtime.ros.parameters import Parameter

PARAMETERS = (
    Parameter('robot', 'fr3', 'Robot: a name in config/robots, or a URDF or MJCF file.'),
    Parameter('overlay', '', 'MJCF with what the robot file cannot say; empty: the shipped one.'),
    Parameter('seed', 1, 'Seed of places, light, colours, camera pose, noise.', 0, 2**31 - 1),
    Parameter('width', 320, '[px] Width of camera frames.', 16, 640),
    Parameter('height', 240, '[px] Height of camera frames.', 16, 480),
    Parameter('fps', 15, '[Hz] Frames per second of each camera.', 1, 60),
    Parameter('noise', 1.0, 'Multiplier of the noise of the cameras.', 0.0, 20.0),
    Parameter('light', 1.0, 'Multiplier of the light.', 0.0, 5.0),
    Parameter('cameras', True, 'Render the cameras.'),
    Parameter('rate_hz', 500.0, '[Hz] Physics steps and joint states per second.', 200.0, 1000.0),
    Parameter(
        'command_period_s', 0.004, '[s] Time from one array command to the next.', 1e-3, 0.1
    ),
    Parameter('command_timeout_s', 0.05, '[s] Silence after which a driver stops.', 0.01, 1.0),
    Parameter('on_timeout', 'decelerate', 'What a driver then does: decelerate or hold.'),
    Parameter('witness_scale', 1.0, 'Share of the published limits to judge by.', 0.01, 1.0),
    Parameter('witness_space', False, 'Witness the workspace, contacts and self-contacts, too.'),
    Parameter('real_time', True, 'Ask for SCHED_FIFO and locked memory: a robot has them too.'),
    Parameter('priority', 60, 'SCHED_FIFO priority, below control and gate.', 1, 98),
    Parameter('cpu', -1, 'Core to stay on; -1: any.', -1, 1023),
    Parameter('publish_clock', False, 'Publish /clock, and stamp by simulated time.'),
    Parameter('reset_arm', False, 'A reset also puts the arm home at once (no robot can).'),
)
