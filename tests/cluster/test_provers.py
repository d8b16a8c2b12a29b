"""The prover pool and its workers as actors: whoever dies only delays."""

from pathlib import Path

import pytest

from chain_template.errors import ProofJobLost
from chain_template.settlement.proofs import ProofJob
from cluster import ActorRef, PoolHandle, RayCluster, running_actors, running_workers, scale_workers, start_pool
from cluster.autoscaling import cluster_gpus
from cluster.errors import (
    ActorError,
    ActorMissing,
    PoolStoreCorrupt,
    ProverError,
    ReservedTooMuch,
    TokenRefused,
    UnknownBackend,
    UnknownJob,
)
from cluster.names import POOL_ACTOR
from cluster.pool import JobState
from cluster.proof_service import RayProofService
from cluster.ray_private import ExtraNode
from cluster.remote_pool import RemotePool
from tests.cluster.conftest import POOL_SETTINGS
from tests.cluster.support import job, kill_hard, wait_for

pytestmark = pytest.mark.cluster

STEERED = "tests.cluster.backends:SteeredBackend"


def pool_pid(pool: PoolHandle) -> int | None:
    from cluster.ray_private import actor_records

    (record,) = [record for record in actor_records() if record.name == POOL_ACTOR and record.state != "DEAD"]
    return record.pid if record.state == "ALIVE" else None


def proof(remote: RemotePool, batch: int) -> bytes | None:
    try:
        result = remote.result(1, batch)
    except ActorError:
        return None
    return result.proof if result else None


def test_a_job_is_proved_by_a_worker_in_another_process(remote: RemotePool, pool: PoolHandle, tmp_path: Path) -> None:
    for worker in scale_workers(1, STEERED, POOL_SETTINGS):
        worker.ready()
    remote.submit(job(1, 1, tmp_path / "a"))
    (tmp_path / "a" / "go").touch()
    assert wait_for(lambda: proof(remote, 1)) == b"proof by attempt 1"
    (worker,) = pool.workers()
    assert (worker.name, worker.backend, worker.jobs_done) == ("prover-worker-0", STEERED, 1)


def test_a_worker_killed_in_the_middle_of_a_job_only_delays(
    remote: RemotePool, pool: PoolHandle, tmp_path: Path
) -> None:
    scale_workers(1, STEERED, POOL_SETTINGS)
    remote.submit(job(1, 1, tmp_path / "a"))
    wait_for((tmp_path / "a" / "started-1").exists)
    kill_hard(pool.workers()[0].pid)
    wait_for((tmp_path / "a" / "started-2").exists)
    (tmp_path / "a" / "go").touch()
    assert wait_for(lambda: proof(remote, 1)) == b"proof by attempt 2"
    assert pool.stats().worker_deaths == 1


def test_a_pool_killed_in_the_middle_of_a_job_loses_neither_queue_nor_work(
    remote: RemotePool, pool: PoolHandle, tmp_path: Path
) -> None:
    scale_workers(1, STEERED, POOL_SETTINGS)
    for batch in (1, 2):
        remote.submit(job(1, batch, tmp_path / f"{batch}"))
    wait_for((tmp_path / "1" / "started-1").exists)
    old_pid = pool_pid(pool)
    assert old_pid is not None
    kill_hard(old_pid)
    wait_for(lambda: pool_pid(pool) not in {old_pid, None})
    for batch in (1, 2):
        (tmp_path / f"{batch}" / "go").touch()
    assert wait_for(lambda: proof(remote, 1)) == b"proof by attempt 1", "the attempt went on while the pool was down"
    assert wait_for(lambda: proof(remote, 2)) == b"proof by attempt 1"


def test_two_workers_share_the_queue_and_scaling_down_gives_the_job_back(
    remote: RemotePool, pool: PoolHandle, tmp_path: Path
) -> None:
    scale_workers(2, STEERED, POOL_SETTINGS)
    for batch in (1, 2):
        remote.submit(job(1, batch, tmp_path / f"{batch}"))
        wait_for((tmp_path / f"{batch}" / "started-1").exists)
    assert [worker.job is not None for worker in pool.workers()] == [True, True]
    scale_workers(1, STEERED, POOL_SETTINGS)
    assert [worker.name for worker in running_workers()] == ["prover-worker-0"]
    stats = pool.stats()
    assert (stats.by_state[JobState.RUNNING], stats.by_state[JobState.READY], stats.worker_deaths) == (1, 1, 0)
    for batch in (1, 2):
        (tmp_path / f"{batch}" / "go").touch()
    assert wait_for(lambda: proof(remote, 1))
    assert wait_for(lambda: proof(remote, 2)) == b"proof by attempt 1", "an attempt given back does not count"


def test_simulated_nodes_with_gpus_give_each_worker_one_of_its_own(
    remote: RemotePool, pool: PoolHandle, tmp_path: Path
) -> None:
    """Two more nodes of two GPUs that do not exist: four workers, four devices; then one node is gone with its jobs."""
    nodes = [ExtraNode(num_cpus=0, num_gpus=2, object_store_bytes=80_000_000) for _ in range(2)]
    try:
        wait_for(lambda: cluster_gpus() == 4)
        for worker in scale_workers(4, STEERED, POOL_SETTINGS, memory_bytes=10**9):
            worker.ready()
        infos = wait_for(lambda: found if len(found := pool.workers()) == 4 else [])
        assert len({info.gpu for info in infos}) == 4 and all(info.gpu.endswith(" simulated") for info in infos)
        assert {info.node_id for info in infos} == {node.node_id for node in nodes}
        assert {info.memory_bytes for info in infos} == {10**9}
        for batch in range(1, 5):
            remote.submit(job(1, batch, tmp_path / f"{batch}"))
        for batch in range(1, 5):
            wait_for((tmp_path / f"{batch}" / "started-1").exists)
        lost = {info.worker for info in pool.jobs() for w in infos if w.name == info.worker}
        assert len(lost) == 4
        nodes.pop().stop()
        for batch in range(1, 5):
            (tmp_path / f"{batch}" / "go").touch()
        for batch in range(1, 5):
            assert wait_for(lambda batch=batch: proof(remote, batch))
        assert sum(info.attempts for info in pool.jobs()) == 6, "the two jobs of the lost node were done again"
    finally:
        scale_workers(0, STEERED, POOL_SETTINGS)
        for node in nodes:
            node.stop()


def test_operators_reach_the_pool_from_another_process(
    remote: RemotePool, pool: PoolHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[dict[str, int]]] = []
    monkeypatch.setattr("ray.autoscaler.sdk.request_resources", lambda bundles: asked.append(bundles))
    scale_workers(1, STEERED, POOL_SETTINGS)
    assert asked == [[{"CPU": 1}]], "Ray's autoscaler was told of one worker"
    remote.submit(job(1, 1, tmp_path / "1"))
    wait_for((tmp_path / "1" / "started-1").exists)
    submitted = remote.submit(job(2, 1, tmp_path / "2"))
    assert remote.prioritise(2, 1).urgent
    remote.set_share(2, reserved=0.5)
    with pytest.raises(ReservedTooMuch, match="50%"):
        remote.set_share(1, reserved=0.6)
    remote.drain()
    assert "drained" in remote.why(submitted.id).sentences[0]
    assert remote.stats().draining
    remote.resume()
    assert remote.why(remote.find(1, 1).id).own is not None
    token = remote.create_token("basement")
    assert remote.outside_prover(token).name == "basement"
    with pytest.raises(TokenRefused, match="not good"):
        remote.outside_prover("zkp_other")
    remote.cancel(1, 1)
    (tmp_path / "2" / "go").touch()
    wait_for(lambda: remote.find(2, 1).state is JobState.DONE)


def test_reverted_batches_are_cancelled_while_they_are_proved(
    remote: RemotePool, pool: PoolHandle, tmp_path: Path
) -> None:
    scale_workers(1, STEERED, POOL_SETTINGS)
    service = RayProofService(remote)
    service.submit(job(1, 1, tmp_path / "1"))
    wait_for((tmp_path / "1" / "started-1").exists)
    service.cancel_from(1, 1)
    service.submit(job(1, 2, tmp_path / "2"))
    (tmp_path / "2" / "go").touch()
    assert wait_for(lambda: proof(remote, 2)) == b"proof by attempt 1"
    with pytest.raises(ProofJobLost):
        service.result(1, 1)


def test_the_development_prover_refuses_a_batch_that_is_none(remote: RemotePool, pool: PoolHandle) -> None:
    scale_workers(1, settings=POOL_SETTINGS)
    remote.submit(ProofJob(1, "alpha", 1, bytes(32), b"this is no batch input", bytes(32)))
    result = wait_for(lambda: remote.result(1, 1))
    assert result.error is not None
    assert result.error.startswith(("malformed: ", "version: "))
    (info,) = pool.jobs()
    assert (info.state, info.attempts) == (JobState.REFUSED, 1)


def test_errors_of_the_pool_arrive_as_what_they_are(pool: PoolHandle) -> None:
    with pytest.raises(UnknownJob, match="batch 7"):
        pool.retry(1, 7)


def test_a_damaged_queue_is_named_and_the_pool_can_be_repaired(hub: RayCluster, tmp_path: Path) -> None:
    (tmp_path / "pool.db").write_bytes(b"no database at all" * 100)
    pool = start_pool(tmp_path, POOL_SETTINGS)
    with pytest.raises(PoolStoreCorrupt, match=r"pool\.db"):
        pool.ready()
    with pytest.raises(PoolStoreCorrupt, match=r"pool\.db"):
        pool.stats()
    (tmp_path / "pool.db").unlink()
    pool.ready()
    assert pool.stats().workers == 0


def test_a_backend_that_is_not_there_is_refused(pool: PoolHandle) -> None:
    with pytest.raises(UnknownBackend):
        scale_workers(1, "nosuch", POOL_SETTINGS)
    assert running_actors() == [POOL_ACTOR]
    (worker,) = scale_workers(1, "no_such_module:Prover", POOL_SETTINGS)
    with pytest.raises(ProverError, match="cannot be loaded"):
        worker.ready()


def test_stopping_the_pool_ends_its_actor_and_keeps_its_jobs(
    remote: RemotePool, pool: PoolHandle, tmp_path: Path
) -> None:
    remote.submit(job(1, 1, tmp_path / "a"))
    pool.stop()
    wait_for(lambda: POOL_ACTOR not in running_actors())
    with pytest.raises(ActorError):
        remote.result(1, 1)
    with pytest.raises(ActorMissing):
        ActorRef.lookup(POOL_ACTOR)
    again = start_pool(tmp_path / "pool", POOL_SETTINGS)
    again.ready()
    assert [info.state for info in again.jobs()] == [JobState.READY]
    assert remote.result(1, 1) is None
