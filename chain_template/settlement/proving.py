"""Between a chain's batches and the prover pool: jobs out, results in."""

from dataclasses import replace

import structlog

from chain_template.batcher.meter import cycles_of
from chain_template.errors import ProofJobLost, SettlementRefused
from chain_template.settlement.on_l1 import Counters
from chain_template.settlement.proofs import ProofJob, ProofResult, ProofService
from chain_template.settlement.shelf import ProofShelf
from chain_template.store import Store
from chain_template.store.records import BatchRecord, BatchStage

log = structlog.get_logger(__name__)


class ProvingDesk:
    """Hands committed batches to the prover and notes what comes back.

    Args:
        chain_id: The chain.
        chain_name: For the pool's lists.
        store: The chain's store.
        service: The prover pool.
        shelf: Where proofs go.
        needs_proofs: Whether a result without a proof is none.
    """

    def __init__(
        self,
        chain_id: int,
        chain_name: str,
        store: Store,
        service: ProofService,
        shelf: ProofShelf,
        *,
        needs_proofs: bool,
    ) -> None:
        self._chain_id = chain_id
        self._chain_name = chain_name
        self._store = store
        self._service = service
        self._shelf = shelf
        self._needs_proofs = needs_proofs
        self._submitted: set[tuple[int, bytes, bytes]] = set()

    def step(self, counters: Counters) -> list[tuple[int, BatchStage]]:
        """Submit and collect; returns the batches that moved.

        Args:
            counters: How far L1 is, and which program's proofs it accepts. In priority mode L1 takes a batch and its
                proof at once, so batches that are sealed only are proven, too.

        Raises:
            SettlementRefused: The prover says that a batch cannot be proven; the others were looked after all the same.
            StoreFull: There is no room for a proof; it is asked for again.
        """
        program_id = counters.program_id
        with self._store.snapshot() as snapshot:
            first = snapshot.last_batch_at(BatchStage.VERIFIED) + 1
            wanted = BatchStage.SEALED if counters.priority_mode else BatchStage.COMMITTED
            records = snapshot.batches(first, snapshot.last_batch_at(wanted))
        moved: list[tuple[int, BatchStage]] = []
        refused: ProofResult | None = None
        for record in records:
            if record.stage is wanted or record.stage is BatchStage.COMMITTED:
                self._submit(record, program_id)
                self._store.update_batch(record.number, stage=BatchStage.PROVING)
                moved.append((record.number, BatchStage.PROVING))
            elif record.stage is BatchStage.PROVING:
                result = self._result(record, program_id)
                if result is not None and result.error is None:
                    if result.proof:
                        self._shelf.put(record.number, program_id, record.public_input, result.proof)
                    self._store.update_batch(record.number, stage=BatchStage.PROVED)
                    log.info("batch proved", batch=record.number, worker=result.worker)
                    moved.append((record.number, BatchStage.PROVED))
                elif refused is None:
                    refused = result
        if refused is not None and not moved:
            raise SettlementRefused(
                f"batch {refused.batch_number} cannot be proven: {refused.error}",
                hint="look at the prover pool; retry the job there, or revert the batch",
            )
        return moved

    def cancel_from(self, batch_number: int) -> None:
        """These batches are reverted: nobody need prove them."""
        self._service.cancel_from(self._chain_id, batch_number)
        self._submitted = {known for known in self._submitted if known[0] < batch_number}

    def ask_again(self, record: BatchRecord, counters: Counters) -> None:
        """The proof of a batch is not here any more: have the prover hand it over once more, or make it again.

        So it is, too, when L1 wants another program's proof by now. In priority mode the batch is not on L1 yet.
        """
        log.warning("asking for a proof again", batch=record.number)
        self._submitted = {known for known in self._submitted if known[0] != record.number}
        is_on_l1 = counters.stage_of(record.number) is not None
        self._store.update_batch(record.number, stage=BatchStage.COMMITTED if is_on_l1 else BatchStage.SEALED)

    def _submit(self, record: BatchRecord, program_id: bytes) -> None:
        batch_input = self._store.batch_input(record.number)
        self._service.submit(
            ProofJob(
                chain_id=self._chain_id,
                chain_name=self._chain_name,
                batch_number=record.number,
                program_id=program_id,
                batch_input=batch_input,
                public_input=record.public_input,
                # What is executed again, without a proof, takes its input's time.
                cycles=cycles_of(batch_input) if self._needs_proofs else 0,
            )
        )
        self._submitted.add((record.number, program_id, record.public_input))

    def _result(self, record: BatchRecord, program_id: bytes) -> ProofResult | None:
        if (record.number, program_id, record.public_input) not in self._submitted:
            # From before a restart, when the pool may have been replaced too, or before another program's proofs.
            self._submit(record, program_id)
        try:
            result = self._service.result(self._chain_id, record.number)
        except ProofJobLost as exc:
            log.warning("submitting a batch again", batch=record.number, reason=str(exc))
            self._submit(record, program_id)
            return None
        if result is None or result.error is not None:
            return result
        if result.public_input == record.public_input:
            if self._needs_proofs and not result.proof:
                return replace(result, error=f"{result.worker} made no proof, and L1 asks for one")
            return result
        # A result of the batch that had this number before a rollback: this one was submitted after it.
        log.warning("ignoring a proof of another batch", batch=record.number)
        return None
