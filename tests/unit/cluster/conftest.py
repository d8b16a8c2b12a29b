from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.pool import ProverPool
from tests.unit.cluster.pool_world import Clock, open_pool


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(tmp_path: Path, clock: Clock) -> Iterator[ProverPool]:
    pool = open_pool(tmp_path, clock)
    yield pool
    pool.close()
