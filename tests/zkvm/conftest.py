"""What every test of the proof system has in common."""

from collections.abc import Iterator

import pytest

from zkvm.backends.cpu.memory import POOL


@pytest.fixture(autouse=True, scope="module")
def _memory_goes_back() -> Iterator[None]:
    """A worker that has made a large proof must not keep its memory while others make theirs."""
    yield
    POOL.give_back()
