from pathlib import Path

import eth  # noqa: F401  raises the recursion limit, which must not happen in the midst of an example
import pytest

from tests.zkvm.guest.crypto import DRIVEN, Library
from tests.zkvm.guest.native import program


@pytest.fixture(scope="session", params=[64, 32], ids=["limbs of 64 bits", "limbs of 32 bits"])
def crypto(request: pytest.FixtureRequest) -> Library:
    return Library(request.param)


@pytest.fixture(scope="session")
def sanitized() -> Path:
    """The program that stops at a bad address or undefined behaviour."""
    return program(DRIVEN)
