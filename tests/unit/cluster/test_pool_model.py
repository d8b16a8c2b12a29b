"""Whatever happens in whatever order: no job is lost, none is proved twice at once, no stale proof is taken."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chain_template.settlement.proofs import ProofJob
from cluster.errors import IllegalJobTransition, StaleLease, UnknownJob, UnknownWorker
from cluster.pool import Assignment, JobState
from tests.unit.cluster.pool_world import SETTINGS, Clock, FakeWorker, job, open_pool

CHAINS = st.integers(1, 3)
BATCHES = st.integers(1, 4)
WORKERS = st.integers(0, 2)


class PoolMachine(RuleBasedStateMachine):
    """The model: what each batch's newest submission was, and whether its proof was taken."""

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.pool = open_pool(self.directory, self.clock)
        self.workers = [FakeWorker(self.pool, f"w{index}", memory) for index, memory in enumerate((None, 16, 8))]
        self.held: dict[int, Assignment] = {}
        self.wanted: dict[tuple[int, int], ProofJob] = {}
        self.proofs: dict[tuple[int, int], bytes] = {}
        self.drained: set[int] = set()

    def teardown(self) -> None:
        self.pool.close()
        shutil.rmtree(self.directory)

    # What chains do.

    @rule(chain=CHAINS, batch=BATCHES, version=st.integers(0, 1))
    def submit(self, chain: int, batch: int, version: int) -> None:
        new = job(chain, batch, b"%d/%d version %d" % (chain, batch, version))
        self.pool.submit(new)
        if self.wanted.get((chain, batch)) != new:
            self.proofs.pop((chain, batch), None)
        self.wanted[chain, batch] = new

    @rule(chain=CHAINS, batch=BATCHES)
    def revert(self, chain: int, batch: int) -> None:
        self.pool.cancel_from(chain, batch)
        for key in [key for key in self.wanted if key[0] == chain and key[1] >= batch]:
            del self.wanted[key]
            self.proofs.pop(key, None)

    @rule(chain=CHAINS, batch=BATCHES)
    def settle(self, chain: int, batch: int) -> None:
        self.pool.settle(chain, batch)
        for key in [key for key in self.proofs if key[0] == chain and key[1] <= batch]:
            del self.wanted[key]
            del self.proofs[key]

    @rule(chain=CHAINS, batch=BATCHES)
    def retry(self, chain: int, batch: int) -> None:
        try:
            self.pool.retry(chain, batch)
        except (UnknownJob, IllegalJobTransition):
            return

    # What operators do.

    @rule(chain=CHAINS, batch=BATCHES)
    def cancel(self, chain: int, batch: int) -> None:
        try:
            self.pool.cancel(chain, batch)
        except (UnknownJob, IllegalJobTransition):
            return
        del self.wanted[chain, batch]

    @rule(chain=CHAINS, batch=BATCHES, urgent=st.booleans(), due=st.none() | st.sampled_from([1.0, 1_000.0]))
    def prioritise(self, chain: int, batch: int, urgent: bool, due: float | None) -> None:
        try:
            self.pool.prioritise(chain, batch, urgent=urgent, due_in_s=due)
        except (UnknownJob, IllegalJobTransition):
            return

    @rule(chain=CHAINS, weight=st.sampled_from([0.1, 1.0, 7.0]), reserved=st.sampled_from([0.0, 0.3]))
    def share(self, chain: int, weight: float, reserved: float) -> None:
        self.pool.set_share(chain, weight, reserved)

    @rule(index=WORKERS)
    def drain(self, index: int) -> None:
        try:
            self.pool.drain(f"w{index}")
        except UnknownWorker:
            return
        self.drained.add(index)

    @rule()
    def resume(self) -> None:
        for index in range(3):
            self.pool.resume(f"w{index}")
        self.drained.clear()

    # What workers do.

    @rule(index=WORKERS)
    def take(self, index: int) -> None:
        assignment = self.workers[index].take()
        self.held.pop(index, None)
        if assignment is None:
            return
        key = (assignment.key.chain_id, assignment.key.batch_number)
        assert key not in self.proofs, "a proved batch was given out again"
        assert index not in self.drained
        limit = self.workers[index].memory_bytes
        assert limit is None or self.pool.find(*key).memory_bytes <= limit
        assert assignment.batch_input == self.wanted[key].batch_input
        self.held[index] = assignment

    @precondition(lambda self: self.held)
    @rule(data=st.data(), how=st.sampled_from(["finish", "refuse", "fail", "outgrow"]))
    def report(self, data: st.DataObject, how: str) -> None:
        index = data.draw(st.sampled_from(sorted(self.held)))
        worker, assignment = self.workers[index], self.held.pop(index)
        key = (assignment.key.chain_id, assignment.key.batch_number)
        proof = b"proof of " + assignment.batch_input
        try:
            if how == "finish":
                self.pool.finish(worker.card, assignment.lease, proof)
            elif how == "refuse":
                self.pool.refuse(worker.card, assignment.lease, "refused")
            else:
                self.pool.fail(worker.card, assignment.lease, "failed", 12 if how == "outgrow" else 0)
        except StaleLease:
            return
        assert self.wanted[key].batch_input == assignment.batch_input, "a stale attempt was taken"
        if how == "finish":
            self.proofs[key] = proof

    @rule(index=WORKERS)
    def die(self, index: int) -> None:
        # What it held is still in ``held``: its report may yet arrive late, and must then be refused or still valid.
        self.workers[index].die_and_restart()

    @rule(index=WORKERS)
    def heartbeat(self, index: int) -> None:
        held = self.held.get(index)
        if not self.pool.heartbeat(self.workers[index].card, held.lease if held else None):
            self.held.pop(index, None)

    @rule(index=WORKERS)
    def leave(self, index: int) -> None:
        card = self.workers[index].card
        if self.pool._roster.same(card) is not None:
            self.drained.discard(index)
        self.pool.leave(card)

    # What the world does.

    @rule(seconds=st.sampled_from([0.5, 5.0, 12.0, 120.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(clean=st.booleans())
    def restart_pool(self, clean: bool) -> None:
        old = self.pool
        if clean:
            old.close()
        self.pool = open_pool(self.directory, self.clock)
        if not clean:
            old.close()
        for worker in self.workers:
            worker.pool = self.pool

    # What must hold.

    @invariant()
    def nothing_is_lost(self) -> None:
        infos = {(info.key.chain_id, info.key.batch_number): info for info in self.pool.jobs(limit=1_000)}
        for key, new in self.wanted.items():
            assert infos[key].public_input == new.public_input
            assert infos[key].state not in {JobState.CANCELLED, JobState.SETTLED}
            assert (infos[key].state is JobState.DONE) == (key in self.proofs)
        for key, proof in self.proofs.items():
            result = self.pool.result(*key)
            assert result is not None
            assert result.proof == proof
        for info in infos.values():
            assert info.attempts <= SETTINGS.max_attempts

    @invariant()
    def every_job_says_why(self) -> None:
        for info in self.pool.jobs(limit=1_000):
            told = self.pool.why(info.id)
            assert told.sentences
            assert (told.own is not None) or info.state is not JobState.RUNNING
        for worker in self.pool.workers():
            assert 0 <= worker.busy_s <= self.clock.now - worker.first_seen

    @invariant()
    def a_lease_has_one_holder(self) -> None:
        running = self.pool.jobs(state=JobState.RUNNING, limit=1_000)
        leases = [info.lease for info in running]
        workers = [info.worker for info in running]
        assert None not in leases
        assert len(set(leases)) == len(leases)
        assert len(set(workers)) == len(workers)

    @invariant()
    def only_needed_files_are_kept(self) -> None:
        unfinished = {
            info.input_digest
            for info in self.pool.jobs(limit=1_000)
            if info.state in {JobState.PENDING, JobState.READY, JobState.RUNNING, JobState.FAILED, JobState.REFUSED}
        }
        assert {path.name for path in (self.directory / "inputs").iterdir()} == unfinished
        assert len(list((self.directory / "proofs").iterdir())) == len(self.proofs)

    @rule()
    def everything_can_still_be_proved(self) -> None:
        for info in self.pool.jobs(limit=1_000):
            if info.state in {JobState.FAILED, JobState.REFUSED}:
                self.pool.retry(info.key.chain_id, info.key.batch_number)
        worker = FakeWorker(self.pool, "the last one")
        self.clock.advance(1_000)
        while (assignment := worker.take()) is not None:
            key = (assignment.key.chain_id, assignment.key.batch_number)
            self.proofs[key] = b"proof of " + assignment.batch_input
            self.pool.finish(worker.card, assignment.lease, self.proofs[key])
        assert set(self.proofs) == set(self.wanted)


PoolMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
TestPoolModel = PoolMachine.TestCase
