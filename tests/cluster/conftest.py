"""One Ray cluster for all tests here: starting one takes seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import ActorRef, PoolHandle, PoolSettings, RayCluster, running_actors, start_pool
from cluster.remote_pool import RemotePool
from tests.conftest import RAY_SETTINGS

POOL_SETTINGS = PoolSettings(
    heartbeat_s=0.2, heartbeat_timeout_s=5, job_timeout_s=60, max_attempts=4, retry_delay_s=0.05
)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[RayCluster]:
    with RayCluster.start(RAY_SETTINGS) as cluster:
        yield cluster


@pytest.fixture
def hub(ray_cluster: RayCluster) -> Iterator[RayCluster]:
    """The cluster, without any actor of ours before or after the test."""
    yield ray_cluster
    for name in running_actors():
        ActorRef.lookup(name).kill()


@pytest.fixture
def pool(hub: RayCluster, tmp_path: Path) -> PoolHandle:
    handle = start_pool(tmp_path / "pool", POOL_SETTINGS)
    handle.ready()
    return handle


@pytest.fixture
def remote(pool: PoolHandle) -> RemotePool:
    return RemotePool()
