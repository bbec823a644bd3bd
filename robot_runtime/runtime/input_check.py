"""Check of robot, policy and ROS domain, before anything starts."""

from robot_runtime.runtime.body import load_body
from robot_runtime.runtime.card_checks import check_robot
from robot_runtime.runtime.command_kinds import promises
from robot_runtime.runtime.model_folder import model_folder
from robot_runtime.runtime.onnx_policy import check_pin, OnnxPolicy
from robot_runtime.runtime.policy_card import load_card
from robot_runtime.runtime.robot_file import load_robot
from robot_runtime.runtime.ros_domain import ros_domain
from robot_runtime.runtime.schedule_timing import check_timing, measured_delay_s


def check_inputs(robot: str, policy: str) -> tuple[str, ...]:
    """
    Refuse a robot or a policy that is unknown or broken, or a policy of another robot.

    Return in lines what is checked of the robot's commands where that is less than usual.
    """
    ros_domain()
    described = load_robot(robot)
    load_body(described)  # what it bounds in space
    folder = model_folder(policy)
    check_robot(load_card(folder), described)  # before the graph: it says what is wrong best
    check_pin(folder, described.policy)
    loaded = OnnxPolicy.load(folder)
    check_timing(loaded.card, measured_delay_s(loaded))
    return promises(described)
