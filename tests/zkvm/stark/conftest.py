"""The backends by name."""

import pytest

from tests.zkvm.stark.proving import made
from zkvm.backends.interface import Backend


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Backend:
    """The one that ``proving.backends`` names."""
    return made(request.param)
