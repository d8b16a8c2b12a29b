"""One Ray cluster for all tests here: starting one takes seconds."""

import atexit
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import ActorRef, PoolHandle, PoolSettings, RayCluster, RaySettings, running_actors, start_pool
from cluster.ray_environment import own_cluster_environment
from cluster.remote_pool import RemotePool

# Ray reads its settings at its first import, and other tests of the same run may import it before the fixture below.
DATA_DIR = Path(tempfile.mkdtemp(prefix="zkhub-tests-"))
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
SETTINGS = RaySettings(data_dir=DATA_DIR, num_cpus=4)
if "ray" not in sys.modules:
    from cluster.ray_environment import apply_environment

    apply_environment(own_cluster_environment(SETTINGS.token_path, loopback=True))

POOL_SETTINGS = PoolSettings(
    heartbeat_s=0.2, heartbeat_timeout_s=5, job_timeout_s=60, max_attempts=4, retry_delay_s=0.05
)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[RayCluster]:
    with RayCluster.start(SETTINGS) as cluster:
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
