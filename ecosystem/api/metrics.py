"""The hub's figures for Prometheus."""

from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ecosystem.api.backend import Backend
from ecosystem.prover_views import ChainQueueView
from ecosystem.states import ChainState
from ecosystem.views import ChainView, HubView, L1View, ProversView
from zkhub.errors import HubError


class _Figures(Collector):
    """What was asked of the hub for one scrape."""

    def __init__(
        self,
        hub: HubView,
        l1: L1View,
        chains: list[ChainView],
        provers: ProversView | None,
        queue: list[ChainQueueView],
        messages: dict[str, int] | None,
    ) -> None:
        self._hub = hub
        self._l1 = l1
        self._chains = [chain for chain in chains if chain.state != ChainState.REMOVED]
        self._provers = provers
        self._queue = queue
        self._messages = messages

    def collect(self) -> Iterable[Metric]:
        yield from self._of_the_hub()
        yield from self._of_chains()
        yield from self._of_provers()
        yield from self._of_messages()

    def _of_the_hub(self) -> Iterable[Metric]:
        info = GaugeMetricFamily("zkhub_info", "Version and proof mode.", labels=["version", "proofs"])
        info.add_metric([self._hub.version, self._hub.proofs], 1)
        yield info
        yield GaugeMetricFamily("zkhub_uptime_seconds", "Since the controller started.", self._hub.uptime_s)
        yield GaugeMetricFamily("zkhub_operations_open", "Operations at work.", len(self._hub.operations))
        yield GaugeMetricFamily("zkhub_l1_up", "Whether the L1 answers.", int(self._l1.healthy))
        if self._l1.head is not None:
            yield GaugeMetricFamily("zkhub_l1_head_block", "Latest L1 block.", self._l1.head)

    def _of_chains(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("zkhub_chain_up", "Whether the chain's process answers.", labels=["chain"])
        state = GaugeMetricFamily("zkhub_chain_state", "1 for the chain's state.", labels=["chain", "state"])
        head = GaugeMetricFamily("zkhub_chain_head_block", "Latest block.", labels=["chain"])
        at = GaugeMetricFamily("zkhub_chain_head_timestamp_seconds", "Of the latest block.", labels=["chain"])
        pool = GaugeMetricFamily("zkhub_chain_mempool_transactions", "Waiting.", labels=["chain"])
        restarts = GaugeMetricFamily("zkhub_chain_restarts", "Of the chain's process.", labels=["chain"])
        batch = GaugeMetricFamily(
            "zkhub_chain_batch", "Highest batch that has reached the stage.", labels=["chain", "stage"]
        )
        for chain in self._chains:
            up.add_metric([chain.name], int(chain.head is not None))
            state.add_metric([chain.name, chain.state], 1)
            restarts.add_metric([chain.name], chain.restarts)
            if chain.head is None:
                continue
            head.add_metric([chain.name], chain.head)
            at.add_metric([chain.name], (chain.head_at_ms or 0) / 1000)
            pool.add_metric([chain.name], chain.mempool)
            for stage, number in chain.batches.items():
                batch.add_metric([chain.name, stage], number)
        yield from (up, state, head, at, pool, restarts, batch)

    def _of_provers(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("zkhub_prover_pool_up", "Whether it answers.", int(self._provers is not None))
        if self._provers is None:
            return
        workers = GaugeMetricFamily("zkhub_prover_workers", "By state.", labels=["state"])
        states = [worker.state for worker in self._provers.workers]
        for worker_state in ("idle", "busy", "lost"):
            workers.add_metric([worker_state], states.count(worker_state))
        jobs = GaugeMetricFamily("zkhub_prover_jobs", "By state.", labels=["state"])
        for job_state, count in self._provers.jobs.items():
            jobs.add_metric([job_state], count)
        queue = GaugeMetricFamily("zkhub_prover_queue_jobs", "Waiting, by chain.", labels=["chain"])
        for name, count in self._provers.queue.items():
            queue.add_metric([name], count)
        yield from (workers, jobs, queue)
        yield from self._of_workers(self._provers)
        yield from _of_queue(self._queue)

    def _of_workers(self, provers: ProversView) -> Iterable[Metric]:
        yield CounterMetricFamily("zkhub_prover_requeues", "Attempts that ended without a result.", provers.requeues)
        yield CounterMetricFamily(
            "zkhub_prover_worker_deaths", "Workers that died or fell silent.", provers.worker_deaths
        )
        yield GaugeMetricFamily("zkhub_prover_draining", "Whether no job is started.", int(provers.draining))
        labels = ["worker", "gpu"]
        busy = CounterMetricFamily("zkhub_prover_worker_busy_seconds", "Time with a job.", labels=labels)
        known = CounterMetricFamily("zkhub_prover_worker_known_seconds", "Time since first heard of.", labels=labels)
        done = CounterMetricFamily("zkhub_prover_worker_jobs", "Proofs made.", labels=labels)
        wrong = CounterMetricFamily("zkhub_prover_worker_wrong_proofs", "Proofs that were refused.", labels=labels)
        memory = GaugeMetricFamily("zkhub_prover_worker_memory_bytes", "What a proof may take.", labels=labels)
        at_work = GaugeMetricFamily(
            "zkhub_prover_worker_job_fraction", "How far its stage is.", labels=["worker", "job", "stage"]
        )
        for worker in provers.workers:
            who = [worker.name, worker.gpu]
            busy.add_metric(who, worker.busy_s)
            known.add_metric(who, worker.known_s)
            done.add_metric(who, worker.jobs_done)
            wrong.add_metric(who, worker.refused_proofs)
            if worker.memory_bytes is not None:
                memory.add_metric(who, worker.memory_bytes)
            if worker.progress is not None:
                at_work.add_metric([worker.name, worker.job, worker.progress.stage], worker.progress.fraction)
        yield from (busy, known, done, wrong, memory, at_work)

    def _of_messages(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("zkhub_message_router_up", "Whether it answers.", int(self._messages is not None))
        messages = GaugeMetricFamily("zkhub_messages", "Over the bridge, by stage.", labels=["stage"])
        for stage, count in (self._messages or {}).items():
            messages.add_metric([stage], count)
        yield messages


def _of_queue(queue: list[ChainQueueView]) -> Iterable[Metric]:
    share = GaugeMetricFamily(
        "zkhub_prover_share", "Part of the pool: reserved, due now, used so far.", labels=["chain", "kind"]
    )
    used = CounterMetricFamily("zkhub_prover_used_seconds", "Prover seconds.", labels=["chain"])
    behind = GaugeMetricFamily("zkhub_prover_behind_seconds", "Behind its share.", labels=["chain"])
    oldest = GaugeMetricFamily("zkhub_prover_oldest_waiting_seconds", "Of its oldest waiting job.", labels=["chain"])
    verified = GaugeMetricFamily(
        "zkhub_prover_seal_to_verified_seconds", "Of its latest batches.", labels=["chain", "quantile"]
    )
    for chain in queue:
        for kind, value in (("reserved", chain.reserved), ("due", chain.share), ("used", chain.used_share)):
            share.add_metric([chain.chain, kind], value)
        used.add_metric([chain.chain], chain.used_s)
        behind.add_metric([chain.chain], chain.behind_s)
        oldest.add_metric([chain.chain], chain.oldest_waiting_s)
        if chain.seal_to_verified_p50_s is not None and chain.seal_to_verified_p99_s is not None:
            verified.add_metric([chain.chain, "0.5"], chain.seal_to_verified_p50_s)
            verified.add_metric([chain.chain, "0.99"], chain.seal_to_verified_p99_s)
    yield from (share, used, behind, oldest, verified)


async def scrape(backend: Backend) -> bytes:
    """All figures in Prometheus' text format."""
    # The absence of the pool or of the router is a figure, not a reason to hide all others.
    provers = await _ask_quietly(backend, "provers")
    queue = await _ask_quietly(backend, "prover_queue")
    messages = await _ask_quietly(backend, "message_counts")
    hub, l1, chains = await backend.ask("hub"), await backend.ask("l1"), await backend.ask("chains")
    figures = _Figures(hub, l1, chains, provers, queue or [], messages)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    return generate_latest(registry)


async def _ask_quietly(backend: Backend, question: str) -> Any:
    try:
        return await backend.ask(question)
    except HubError:
        return None
