from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_template.store import Store
from tests.unit.chain_template.store.world import World


@pytest.fixture(scope="session")
def world() -> World:
    """Nine blocks. Tests read it and fork it; none changes it."""
    world = World()
    for seed in range(9):
        world.mixed_block(seed)
    return world


@pytest.fixture
def store(tmp_path: Path, world: World) -> Iterator[Store]:
    """An empty store of the world's chain."""
    store = world.open(tmp_path / "alpha")
    yield store
    store.close()


@pytest.fixture
def full(store: Store, world: World) -> Store:
    """A store with all blocks of the world."""
    world.fill(store)
    return store
