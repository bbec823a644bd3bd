"""Quality-of-service profiles by purpose, with the reason for each."""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

# Both internal hops: nothing is lost in a burst, and nothing old is given to a late joiner.
INTERNAL = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
    history=HistoryPolicy.KEEP_LAST,
    depth=8,
)
# Sensors: a best-effort reader matches reliable and best-effort writers alike (REP-2003).
SENSOR = QoSProfile(
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
    history=HistoryPolicy.KEEP_LAST,
    depth=5,
)
# What a late joiner must know: the gate's last sent state, the instruction.
LATCHED = QoSProfile(
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
)
# Commands to a controller, e-stop: repeated by the sender, absence is an answer of its own.
COMMAND = INTERNAL
STATUS = INTERNAL
