"""What people, and the hub for them, ask of the pool."""

from dataclasses import replace

from cluster.errors import IllegalJobTransition, UnknownJob, UnknownWorker
from cluster.pool.accounts import shares
from cluster.pool.books import WHOLE_POOL
from cluster.pool.core import KEEP_RECORDS, PoolCore, out_of_hands
from cluster.pool.decisions import Explanation, Surroundings, in_words
from cluster.pool.jobs import WAITING, JobInfo, JobState, PoolStats, WorkerInfo
from cluster.pool.outside import OutsideProver, worker_of
from cluster.pool.statistics import pool_stats

#: Decisions for other chains that an explanation holds at most.
_MOST_PASSED = 10
_CAN_END = WAITING | {JobState.RUNNING}


class ForOperators(PoolCore):
    """The side of the pool that operators see."""

    def jobs(self, chain_id: int | None = None, state: JobState | None = None, limit: int = 100) -> list[JobInfo]:
        """Jobs, the newest first."""
        with self._locked():
            return self._store.newest(chain_id, state, limit)

    def workers(self) -> list[WorkerInfo]:
        """Every worker that is alive as far as the pool knows."""
        with self._locked():
            self._expire()
            held = {job.worker: job for job in self._store.running()}
            now = self._clock()
            return [
                worker.info(held.get(name), now, draining=self._is_drained(name))
                for worker in self._roster
                for name in (worker.card.name,)
            ]

    def stats(self) -> PoolStats:
        """The pool in figures."""
        with self._locked():
            self._expire()
            stats = pool_stats(self._store, self._clock(), len(self._roster), self._requeues, self._worker_deaths)
            accounts, clock, present = self._books.accounts(), self._books.clock(), self._store.chains_with_work()
            due = shares(accounts[chain_id] for chain_id in present if chain_id in accounts)
            chains = []
            for chain in stats.chains:
                account = accounts.get(chain.chain_id)
                if account is None:
                    chains.append(chain)
                    continue
                share = due.get(chain.chain_id, 0.0)
                chains.append(
                    replace(
                        chain,
                        weight=account.weight,
                        reserved=account.reserved,
                        deadline_s=account.deadline_s,
                        share=share,
                        used_s=account.used_s,
                        behind_s=(clock - account.virtual_s) * share + 0.0 if share else 0.0,
                    )
                )
            draining = WHOLE_POOL in self._books.drains()
            return replace(stats, chains=tuple(chains), draining=draining, backlog_s=self._estimator.backlog_s())

    def why(self, job_id: int) -> Explanation:
        """Why a job runs, waits, or went before another.

        Raises:
            UnknownJob: The pool has no such job, or has forgotten it.
        """
        with self._locked():
            self._expire()
            job = self._store.by_id(job_id)
            if job is None:
                raise UnknownJob(f"there is no job {job_id}", hint="`zkhub prover jobs` lists them")
            own = self._books.decision_for(job_id) if job.state is not JobState.CANCELLED else None
            since = job.queued_at if job.state is not JobState.RUNNING else (job.started_at or job.queued_at)
            passed = self._books.decisions_since(since, job.key.chain_id, _MOST_PASSED) if job.state in WAITING else []
            words = in_words(job, self._surroundings(job), own, passed)
            return Explanation(job, tuple(words), own, tuple(passed))

    def find(self, chain_id: int, batch_number: int) -> JobInfo:
        """The latest job of a batch.

        Raises:
            UnknownJob: There is none.
        """
        with self._locked():
            job = self._store.of_batch(chain_id, batch_number)
            if job is None:
                raise UnknownJob(f"there is no job of batch {batch_number} of chain {chain_id}")
            return job

    def _surroundings(self, job: JobInfo) -> Surroundings:
        accounts, present = self._books.accounts(), self._store.chains_with_work()
        due = shares(accounts[chain_id] for chain_id in present if chain_id in accounts)
        clock = self._books.clock()
        account = self._books.account(job.key.chain_id)
        busy = len(self._store.running())
        drains = self._books.drains()
        return Surroundings(
            now=self._clock(),
            before=self._store.waiting_before(job),
            share=due.get(job.key.chain_id, 1.0),
            level_s=account.virtual_s if account.active else max(account.virtual_s, clock),
            clock_s=clock,
            workers=len(self._roster),
            idle=max(0, len(self._roster) - busy),
            draining=WHOLE_POOL in drains,
            largest=self._roster.largest_memory(drains),
            ageing_s=self._settings.ageing_s,
            input_path=str(self._directory / "inputs" / job.input_digest),
        )

    # Jobs.

    def cancel(self, chain_id: int, batch_number: int) -> JobInfo:
        """End a waiting or running job; its chain submits it again, as a new job, if it still wants the proof.

        Raises:
            UnknownJob: There is no job of this batch.
            IllegalJobTransition: It neither waits nor runs.
        """
        with self._locked():
            job = self.find(chain_id, batch_number)
            if job.state not in _CAN_END:
                raise IllegalJobTransition(
                    f"batch {batch_number} of chain {chain_id} is {job.state}: nothing to cancel"
                )
            with self._store.transaction():
                gone = self._move(job, out_of_hands(job, JobState.CANCELLED, self._clock(), "cancelled by an operator"))
                self._store.forget_oldest(KEEP_RECORDS)
            self._discard_files([job])
            return gone

    def prioritise(
        self, chain_id: int, batch_number: int, *, urgent: bool = True, due_in_s: float | None = None
    ) -> JobInfo:
        """Have a batch, and with it the chain's earlier ones, go before others; on its chain's account.

        Args:
            chain_id: Whose batch.
            batch_number: Which one.
            urgent: Whether it goes first from now on.
            due_in_s: Seconds until its proof is wanted; it goes first when that comes near. None: no deadline.

        Raises:
            UnknownJob: There is no job of this batch.
            IllegalJobTransition: It does not wait.
        """
        with self._locked():
            job = self.find(chain_id, batch_number)
            if job.state not in WAITING:
                raise IllegalJobTransition(f"batch {batch_number} of chain {chain_id} is {job.state}: it does not wait")
            deadline = None if due_in_s is None else self._clock() + due_in_s
            with self._store.transaction():
                return self._store.update(job, replace(job, urgent=urgent, deadline=deadline))

    # Chains.

    def set_share(
        self,
        chain_id: int,
        weight: float | None = None,
        reserved: float | None = None,
        deadline_s: float | None = None,
    ) -> None:
        """Set what a chain gets of the pool; None leaves it as it is, no deadline is 0.

        Raises:
            ReservedTooMuch: All reserves together would be more than nine tenths of the pool.
        """
        with self._locked():
            account = self._books.account(chain_id)
            account = replace(
                account,
                weight=account.weight if weight is None else weight,
                reserved=account.reserved if reserved is None else reserved,
                deadline_s=account.deadline_s if deadline_s is None else deadline_s,
            )
            self._books.check_reserve(chain_id, account.reserved)
            with self._store.transaction():
                self._books.keep([account])

    # Workers.

    def drain(self, worker: str = WHOLE_POOL) -> None:
        """Give a worker, or by the empty name all, no more jobs; what they have they finish.

        Raises:
            UnknownWorker: The pool has no such worker.
        """
        with self._locked():
            if worker != WHOLE_POOL and worker not in self._roster:
                raise UnknownWorker(worker, [known.card.name for known in self._roster])
            with self._store.transaction():
                self._books.drain(worker)

    def resume(self, worker: str = WHOLE_POOL) -> None:
        """Undo :meth:`drain`."""
        with self._locked():
            with self._store.transaction():
                self._books.resume(worker)
                if (prover := self._outside.of_worker(worker)) is not None:
                    self._outside.forgive(prover.name)
            self._changed.notify_all()

    # Provers from outside.

    def create_token(self, name: str) -> str:
        """Let a prover of this name join over HTTP; its token is shown now and never again.

        Raises:
            OutsideProverExists: The name is taken, or is none.
        """
        with self._locked(), self._store.transaction():
            return self._outside.create(name, self._clock())

    def revoke_token(self, name: str) -> None:
        """Shut a prover out; what it is at goes to another one.

        Raises:
            UnknownOutsideProver: There is none of this name.
        """
        with self._locked():
            with self._store.transaction():
                self._outside.revoke(name, self._clock())
            self._shut_out(worker_of(name), "its token was revoked")

    def outside(self) -> list[OutsideProver]:
        """Every prover that was ever given a token."""
        with self._locked():
            return self._outside.all()

    def outside_prover(self, token: str) -> OutsideProver:
        """Whose token it is.

        Raises:
            TokenRefused: Nobody's, it has been revoked, or its prover has handed in too many wrong proofs.
        """
        with self._locked():
            return self._outside.of_token(token)
