"""Simulated robots behind the topics of a real one."""
