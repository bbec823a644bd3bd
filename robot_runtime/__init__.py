"""Runtime that puts a robot foundation policy on a real robot."""

__version__ = '0.1.0'
