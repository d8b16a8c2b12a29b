"""One hub for the tests here: starting one takes seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub import RealHub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    """A hub with alpha and beta."""
    real = RealHub(tmp_path_factory.mktemp("hub") / "data")
    try:
        real.up()
        yield real
    finally:
        real.end()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RealHub]:
    """A hub that is not started yet."""
    real = RealHub(tmp_path / "data")
    yield real
    real.end()
