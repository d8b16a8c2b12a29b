"""The real :class:`ecosystem.seams.Runtime`: actors on Ray."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chain_template.config import ChainConfig
from cluster import autoscaling, handles, placement
from cluster.autoscaling import GpuUse
from cluster.errors import ActorMissing
from cluster.names import L1_ACTOR, POOL_ACTOR, ROUTER_ACTOR, WORKER_PREFIX
from cluster.pool.jobs import WAITING
from cluster.remote_pool import RemotePool
from cluster.settings import RouterSettings
from contracts.versions import format_version
from ecosystem.seams import ProverPool
from ecosystem.views import BatchView, JobView, NodeView, ProgressView, ProversView, WorkerView

if TYPE_CHECKING:
    from chain_template.store.records import BatchRecord
    from cluster.handles import NodeHandle, NodeInfo, PoolHandle, RouterHandle
    from cluster.pool.jobs import JobInfo, JobKey, Progress, WorkerInfo

#: Seconds a process may take to say how it is; one that is busier than that is shown as down.
LOOK_TIMEOUT_S = 5.0
#: Seconds without a sign of life after which a worker is shown as lost.
LOST_AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class RayNode:
    """The real :class:`ecosystem.seams.Node`."""

    name: str
    handle: "NodeHandle"

    def wait_ready(self, timeout_s: float) -> NodeView:
        """Wait until it serves; raises what keeps it from that."""
        return self._view(self.handle.ready(timeout_s))

    def view(self) -> NodeView:
        """What it says of itself right now."""
        info: NodeInfo = self.handle.call("info", timeout_s=LOOK_TIMEOUT_S)
        return self._view(info)

    def pause(self) -> None:
        """Seal no more blocks."""
        self.handle.pause()

    def resume(self) -> None:
        """Seal blocks again."""
        self.handle.resume()

    def drain(self) -> None:
        """Accept no more transactions and settle everything; returns at once."""
        self.handle.drain()

    def settled(self) -> bool:
        """Whether everything is executed on L1."""
        return self.handle.settled()

    def stop(self) -> None:
        """Close it cleanly and end it."""
        self.handle.stop()

    def batches(self, first: int, last: int) -> list[BatchView]:
        """Sealed batches with these numbers."""
        records: list[BatchRecord] = self.handle.call("batches", first, last)
        return [batch_view(self.name, record) for record in records]

    def _view(self, info: "NodeInfo") -> NodeView:
        status = self.handle.status(LOOK_TIMEOUT_S)
        return NodeView(
            rpc_url=info.rpc_url,
            ws_url=info.ws_url,
            pid=info.pid,
            restarts=info.restarts,
            head=status.head_number,
            head_at_ms=status.head_timestamp * 1000,
            batches=dict(status.batches),
            mempool=status.mempool_size,
            paused=status.paused,
            last_error="; ".join(f"{loop}: {error}" for loop, error in sorted(status.errors.items())),
            protocol_version="" if status.protocol_version is None else format_version(status.protocol_version),
        )


class RayRuntime:
    """Starts and finds the hub's actors in the cluster this process belongs to."""

    def start_l1(self, config: ChainConfig) -> RayNode:
        """Start the embedded L1, or find it; returns before it is ready."""
        return RayNode(L1_ACTOR, placement.start_l1(config))

    def start_chain(self, config: ChainConfig) -> RayNode:
        """Start a chain, or find it; returns before it is ready."""
        return RayNode(config.name, placement.start_chain(config))

    def l1(self) -> RayNode | None:
        """The embedded L1 if it has been started."""
        try:
            return RayNode(L1_ACTOR, handles.NodeHandle.lookup(L1_ACTOR))
        except ActorMissing:
            return None

    def chain(self, name: str) -> RayNode | None:
        """A chain if it has been started."""
        try:
            return RayNode(name, handles.NodeHandle.chain(name))
        except ActorMissing:
            return None

    def start_provers(
        self, directory: Path, workers: int, backend: str, memory_bytes: int | None, gpus: GpuUse
    ) -> None:
        """Start the prover pool and its workers, or scale them; waits until they look for work."""
        pool = placement.start_pool(directory)
        started = placement.scale_workers(workers, backend, memory_bytes=memory_bytes, gpus=gpus)
        pool.ready()
        # Who waits for a GPU that is not there yet must not keep the others' work from beginning.
        here = autoscaling.cluster_gpus() if gpus is GpuUse.ALWAYS else workers
        for worker in started[:here]:
            worker.ready()

    def provers_running(self, workers: int) -> bool:
        """Whether the pool and that many workers have been started."""
        names = placement.running_actors()
        return POOL_ACTOR in names and sum(name.startswith(WORKER_PREFIX) for name in names) == workers

    def prover_pool(self) -> RemotePool:
        """The prover pool, wherever it runs."""
        return RemotePool()

    def stop_provers(self) -> None:
        """Close the pool and its workers; unfinished jobs stay in its queue."""
        for worker in placement.running_workers():
            worker.stop()
        try:
            self._pool().stop()
        except ActorMissing:
            return

    def start_router(self, directory: Path, relayer_key: str, *, auto_relay: bool) -> None:
        """Start the message router, or find it; waits until its memory is open."""
        placement.start_router(directory, relayer_key, RouterSettings(auto_relay=auto_relay)).ready()

    def router(self) -> "RouterHandle | None":
        """The message router if it has been started."""
        try:
            return handles.RouterHandle.lookup(ROUTER_ACTOR)
        except ActorMissing:
            return None

    def _pool(self) -> "PoolHandle":
        return handles.PoolHandle.lookup(POOL_ACTOR)


def provers_view(pool: "ProverPool", chains: Mapping[int, str]) -> ProversView:
    """A pool at a glance; ``chains`` names the chain ids."""
    stats = pool.stats()
    waiting = {
        share.chain_name: sum(count for state, count in share.by_state.items() if state in WAITING)
        for share in stats.chains
    }
    return ProversView(
        healthy=True,
        workers=[_worker_view(worker, chains) for worker in pool.workers()],
        jobs={state.value: count for state, count in stats.by_state.items()},
        queue={name: count for name, count in waiting.items() if count},
        draining=stats.draining,
        requeues=stats.requeues,
        worker_deaths=stats.worker_deaths,
        waited_p50_s=round(stats.waited.p50, 3),
        waited_p99_s=round(stats.waited.p99, 3),
        ran_p50_s=round(stats.ran.p50, 3),
        ran_p99_s=round(stats.ran.p99, 3),
    )


def batch_view(chain: str, record: "BatchRecord") -> BatchView:
    """A chain's own record of a batch, as the hub shows it."""
    from chain_template.store.records import part_of

    parts = [part for name in record.l1_transactions if (part := part_of(name)) is not None]
    return BatchView(
        chain=chain,
        number=record.number,
        stage=record.stage.value,
        first_block=record.first_block,
        last_block=record.last_block,
        transactions=record.tx_count,
        l1_transactions_included=record.l1_tx_count,
        pubdata_bytes=record.pubdata_bytes,
        seal_reason=record.seal_reason,
        proof=record.proof_mode,
        parts_submitted=len(parts),
        parts=max((of for _, of in parts), default=0),
        progress=None,
        state_commitment="0x" + record.state_commitment.hex(),
        batch_output_hash="0x" + record.batch_output_hash.hex(),
        public_input="0x" + record.public_input.hex(),
        stage_times_ms=dict(record.stage_times_ms),
        l1_transactions=dict(record.l1_transactions),
    )


def _worker_view(worker: "WorkerInfo", chains: Mapping[int, str]) -> WorkerView:
    lost = time.time() - worker.last_seen > LOST_AFTER_S
    return WorkerView(
        name=worker.name,
        backend=worker.backend,
        state="lost" if lost else "busy" if worker.job is not None else "idle",
        job=_job_name(worker.job, chains) if worker.job is not None else "",
        jobs_done=worker.jobs_done,
        last_seen_ms=int(worker.last_seen * 1000),
        pid=worker.pid,
        progress=_progress_view(worker.progress),
        busy_s=round(worker.busy_s, 3),
        known_s=round(max(0.0, time.time() - worker.first_seen), 3),
        memory_bytes=worker.memory_bytes,
        gpu=worker.gpu,
        draining=worker.draining,
        refused_proofs=worker.refused_proofs,
    )


def _progress_view(progress: "Progress | None") -> ProgressView | None:
    if progress is None:
        return None
    return ProgressView(progress.stage, progress.number, progress.stages, round(progress.fraction, 3))


def job_view(job: "JobInfo", workers: "Sequence[WorkerInfo]" = ()) -> JobView:
    """A job as the hub shows it; what ``workers`` say of it is how far it is."""
    at_work = {worker.job: worker.progress for worker in workers}
    return JobView(
        chain=job.chain_name,
        batch=job.key.batch_number,
        state=job.state.value,
        attempts=job.attempts,
        worker=job.worker or "",
        error=job.error or "",
        queued_at_ms=int(job.queued_at * 1000),
        started_at_ms=None if job.started_at is None else int(job.started_at * 1000),
        ended_at_ms=None if job.finished_at is None else int(job.finished_at * 1000),
        progress=_progress_view(at_work.get(job.key)),
        id=job.id,
        urgent=job.urgent,
        deadline_ms=None if job.deadline is None else int(job.deadline * 1000),
        memory_bytes=job.memory_bytes,
    )


def _job_name(job: "JobKey", chains: Mapping[int, str]) -> str:
    return f"{chains.get(job.chain_id, job.chain_id)}/{job.batch_number}"
