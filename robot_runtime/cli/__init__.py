"""The command `robot-runtime`."""
