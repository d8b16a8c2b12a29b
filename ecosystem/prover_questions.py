"""What clients ask about the provers, and what they ask of them; a part of :class:`ecosystem.hub.Hub`."""

import base64
import contextlib
import math
from collections.abc import Mapping, Sequence

from cluster.pool.decisions import Considered, Decision
from cluster.pool.jobs import WAITING, JobState, Progress, WorkerCard
from cluster.workers.checking import check_for
from ecosystem.controller import HubController
from ecosystem.prover_views import (
    ChainQueueView,
    ConsideredView,
    DecisionView,
    NewTokenView,
    OutsideAnswer,
    OutsideJobView,
    OutsideProverView,
    ScaleView,
    WhyView,
)
from ecosystem.runtime import job_view, provers_view
from ecosystem.seams import CheckingPool
from ecosystem.views import JobView, ProversView
from zkhub.errors import HubError

#: Latest batches of a chain that the time from sealed to verified is taken over.
_BATCHES = 200


class ProverQuestions:
    """Answers about provers. Safe to call from several threads.

    Args:
        controller: The controller behind it.
    """

    def __init__(self, controller: HubController) -> None:
        self._controller = controller
        self._settings = controller.settings
        self._registry = controller.registry

    def provers(self) -> ProversView:
        """The prover pool."""
        return provers_view(self._pool, self._names())

    def jobs(self, chain: str | None = None, state: str | None = None, limit: int = 100) -> list[JobView]:
        """Proof jobs, the latest first."""
        chain_id = self._chain_id(chain) if chain is not None else None
        wanted = None if state is None else JobState(state)
        workers = self._pool.workers()
        return [job_view(job, workers) for job in self._pool.jobs(chain_id, wanted, limit)]

    def prover_queue(self) -> list[ChainQueueView]:
        """What each chain has of the pool, is due, and waits for."""
        stats = self._pool.stats()
        used = sum(share.used_s for share in stats.chains) or 1.0
        views = []
        for share in stats.chains:
            times = self._seal_to_verified(share.chain_name)
            views.append(
                ChainQueueView(
                    chain=share.chain_name,
                    waiting=sum(count for state, count in share.by_state.items() if state in WAITING),
                    running=share.by_state.get(JobState.RUNNING, 0),
                    oldest_waiting_s=round(share.oldest_waiting_s, 3),
                    weight=share.weight,
                    reserved=share.reserved,
                    deadline_s=share.deadline_s,
                    share=round(share.share, 6),
                    used_s=round(share.used_s, 3),
                    used_share=round(share.used_s / used, 6),
                    behind_s=round(share.behind_s, 3),
                    seal_to_verified_p50_s=_rank(times, 0.50),
                    seal_to_verified_p99_s=_rank(times, 0.99),
                )
            )
        return views

    def why_job(self, job_id: int) -> WhyView:
        """Why a job runs, waits, or went before another; raises UnknownJob."""
        return self._why(job_id)

    def why_batch(self, chain: str, batch: int) -> WhyView:
        """The same by the chain's name and the batch's number."""
        return self._why(self._pool.find(self._chain_id(chain), batch).id)

    def retry_job(self, chain: str, batch: int) -> JobView:
        """Queue a failed or refused proof job again."""
        return job_view(self._pool.retry(self._chain_id(chain), batch))

    def cancel_job(self, chain: str, batch: int) -> JobView:
        """End a waiting or running proof job; the chain submits it anew if it still wants it."""
        return job_view(self._pool.cancel(self._chain_id(chain), batch))

    def prioritise_job(self, chain: str, batch: int, urgent: bool, due_in_s: float | None) -> JobView:
        """Have a batch's proof go before others."""
        return job_view(self._pool.prioritise(self._chain_id(chain), batch, urgent=urgent, due_in_s=due_in_s))

    def set_prover_share(
        self, chain: str, weight: float | None, reserved: float | None, deadline_s: float | None
    ) -> list[ChainQueueView]:
        """Set what a chain gets of the pool; raises ReservedTooMuch."""
        self._pool.set_share(self._chain_id(chain), weight, reserved, deadline_s)
        return self.prover_queue()

    def scale_provers(self, workers: int) -> ScaleView:
        """Have so many workers from now on."""
        self._controller.scale_provers(workers)
        return ScaleView(workers, sum(not worker.name.startswith("outside-") for worker in self._pool.workers()))

    def drain_provers(self, worker: str) -> ProversView:
        """Give a worker, or by the empty name all, no more jobs; raises UnknownWorker."""
        self._pool.drain(worker)
        return self.provers()

    def resume_provers(self, worker: str) -> ProversView:
        """Give a worker, or all, jobs again."""
        self._pool.resume(worker)
        return self.provers()

    # -- provers from outside ---------------------------------------------------------------------------

    def prover_tokens(self) -> list[OutsideProverView]:
        """Every prover that was ever given a token."""
        return [
            OutsideProverView(
                name=prover.name,
                created_at_ms=int(prover.created_at * 1000),
                revoked_at_ms=None if prover.revoked_at is None else int(prover.revoked_at * 1000),
                proofs_taken=prover.proofs_taken,
                proofs_refused=prover.proofs_refused,
            )
            for prover in self._pool.outside()
        ]

    def create_prover_token(self, name: str) -> NewTokenView:
        """Let a prover join over HTTP; the token is shown now and never again."""
        return NewTokenView(name, self._pool.create_token(name))

    def revoke_prover_token(self, name: str) -> list[OutsideProverView]:
        """Shut a prover from outside out."""
        self._pool.revoke_token(name)
        return self.prover_tokens()

    def outside_backend(self, token: str) -> OutsideAnswer:
        """What makes the proofs that are wanted here; raises TokenRefused, and NotCheckable for one's own backend."""
        self._pool.outside_prover(token)
        check_for(self._settings.prover_backend)
        return OutsideAnswer(True, self._settings.prover_backend)

    def outside_pick(
        self, token: str, incarnation: str, sequence: int, memory_bytes: int | None
    ) -> OutsideJobView | None:
        """The next job for a prover from outside; None at once where there is none, for others ask this process too."""
        card = self._card(token, incarnation, memory_bytes)
        assignment = self._pool.take(card, sequence, 0.0)
        if assignment is None:
            return None
        return OutsideJobView(
            lease=assignment.lease,
            chain=assignment.chain_name,
            chain_id=assignment.key.chain_id,
            batch=assignment.key.batch_number,
            attempt=assignment.attempt,
            program_id="0x" + assignment.key.program_id.hex(),
            public_input="0x" + assignment.public_input.hex(),
            input_base64=base64.b64encode(assignment.batch_input).decode(),
        )

    def outside_heartbeat(
        self, token: str, incarnation: str, lease: int | None, progress: Progress | None, memory_bytes: int | None
    ) -> OutsideAnswer:
        """A sign of life of a prover from outside."""
        card = self._card(token, incarnation, memory_bytes)
        return OutsideAnswer(self._pool.heartbeat(card, lease, progress), self._settings.prover_backend)

    def outside_submit(self, token: str, incarnation: str, lease: int, proof: bytes) -> OutsideAnswer:
        """A proof from outside; raises ProofRefused and StaleLease."""
        backend = self._settings.prover_backend
        self._pool.finish_checked(self._card(token, incarnation, None), lease, proof, backend)
        return OutsideAnswer(True, backend)

    def outside_fail(
        self, token: str, incarnation: str, lease: int, error: str, refused: bool, needs_bytes: int
    ) -> OutsideAnswer:
        """A prover from outside has no proof, and says why; what it says of the batch itself is not believed."""
        card = self._card(token, incarnation, None)
        said = f"{card.name} refuses the batch: {error}" if refused else error
        self._pool.fail(card, lease, said[:1_000], needs_bytes)
        return OutsideAnswer(True, self._settings.prover_backend)

    def outside_leave(self, token: str, incarnation: str) -> OutsideAnswer:
        """A prover from outside says goodbye."""
        self._pool.leave(self._card(token, incarnation, None))
        return OutsideAnswer(False, self._settings.prover_backend)

    def _card(self, token: str, incarnation: str, memory_bytes: int | None) -> WorkerCard:
        prover = self._pool.outside_prover(token)
        return WorkerCard(prover.worker, incarnation, self._settings.prover_backend, 0, "outside", memory_bytes)

    # -- inside -----------------------------------------------------------------------------------------

    @property
    def _pool(self) -> CheckingPool:
        return self._controller.lifecycle.runtime.prover_pool()

    def _names(self) -> dict[int, str]:
        return {chain.chain_id: chain.name for chain in self._registry.chains()}

    def _chain_id(self, chain: str) -> int:
        return self._registry.chain(chain).chain_id

    def _why(self, job_id: int) -> WhyView:
        told, names = self._pool.why(job_id), self._names()
        return WhyView(
            job=job_view(told.job, self._pool.workers()),
            sentences=[_named(sentence, names) for sentence in told.sentences],
            own=None if told.own is None else _decision_view(told.own, names),
            passed_by=[_decision_view(decision, names) for decision in told.passed_by],
        )

    def _seal_to_verified(self, chain: str) -> list[float]:
        """Seconds from sealed to verified of a chain's latest batches; none where the chain does not answer."""
        with contextlib.suppress(HubError):
            node = self._controller.node(chain)
            last = node.view().batches.get("verified", 0)
            batches = node.batches(max(1, last - _BATCHES + 1), last) if last else []
            times = [batch.stage_times_ms for batch in batches]
            return sorted(
                (stages["verified"] - stages["sealed"]) / 1000
                for stages in times
                if "verified" in stages and "sealed" in stages
            )
        return []


def _decision_view(decision: Decision, names: Mapping[int, str]) -> DecisionView:
    return DecisionView(
        number=decision.lease,
        at_ms=int(decision.at * 1000),
        worker=decision.worker,
        rule=decision.rule.value,
        clock_s=decision.clock_s,
        chosen=_considered_view(decision.chosen, names),
        others=[_considered_view(other, names) for other in decision.others],
    )


def _considered_view(considered: Considered, names: Mapping[int, str]) -> ConsideredView:
    return ConsideredView(
        chain=names.get(considered.chain_id, str(considered.chain_id)),
        batch=considered.batch_number,
        level_s=considered.level_s,
        share=considered.share,
        cost_s=considered.cost_s,
        waited_s=considered.waited_s,
        urgent=considered.urgent,
        due_in_s=considered.due_in_s,
    )


def _named(sentence: str, names: Mapping[int, str]) -> str:
    """A sentence of the pool, which knows chains by id, with the names that people know."""
    for chain_id in sorted(names, reverse=True):
        sentence = sentence.replace(f"chain {chain_id} ", f"{names[chain_id]} ")
    return sentence


def _rank(ordered: Sequence[float], part: float) -> float | None:
    return ordered[math.ceil(part * len(ordered)) - 1] if ordered else None
