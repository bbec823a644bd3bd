"""Clocks, files, ONNX Runtime, journal and processes; no ROS."""
