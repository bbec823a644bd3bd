"""Pure functions and types: numpy only; no ROS, clock, thread, file or log."""
