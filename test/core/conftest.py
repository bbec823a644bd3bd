"""What each test of core/ starts with."""

import pytest
from robot_runtime.core import guard


@pytest.fixture(autouse=True)
def no_bounds_are_kept_from_an_earlier_test():
    """Let each test derive the guard's bounds, so that none passes by what another one did."""
    guard._bounds.cache_clear()
