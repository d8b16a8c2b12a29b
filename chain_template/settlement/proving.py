"""Between a chain's batches and the prover pool: jobs out, results in."""

import structlog

from chain_template.errors import ProofJobLost, SettlementRefused
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.settlement.proofs import ProofJob, ProofResult, ProofService
from chain_template.store import Store
from chain_template.store.records import BatchRecord, BatchStage

log = structlog.get_logger(__name__)


class ProvingDesk:
    """Hands committed batches to the prover and notes what comes back.

    Args:
        chain_id: The chain.
        chain_name: For the pool's lists.
        store: The chain's store.
        chain: Its contracts; they say which program's proofs they accept.
        service: The prover pool.
    """

    def __init__(self, chain_id: int, chain_name: str, store: Store, chain: ChainOnL1, service: ProofService) -> None:
        self._chain_id = chain_id
        self._chain_name = chain_name
        self._store = store
        self._chain = chain
        self._service = service
        self._submitted: set[tuple[int, bytes]] = set()
        self._program_id: bytes | None = None

    def step(self, *, before_commit: bool = False) -> list[tuple[int, BatchStage]]:
        """Submit and collect; returns the batches that moved.

        Args:
            before_commit: Have batches proven that are sealed only: in priority mode L1 takes both at once.

        Raises:
            SettlementRefused: The prover says that a batch cannot be proven; the others were looked after all the same.
        """
        with self._store.snapshot() as snapshot:
            first = snapshot.last_batch_at(BatchStage.VERIFIED) + 1
            wanted = BatchStage.SEALED if before_commit else BatchStage.COMMITTED
            records = snapshot.batches(first, snapshot.last_batch_at(wanted))
        moved: list[tuple[int, BatchStage]] = []
        refused: ProofResult | None = None
        for record in records:
            if record.stage is wanted or record.stage is BatchStage.COMMITTED:
                self._submit(record)
                self._store.update_batch(record.number, stage=BatchStage.PROVING)
                moved.append((record.number, BatchStage.PROVING))
            elif record.stage is BatchStage.PROVING:
                result = self._result(record)
                if result is not None and result.error is None:
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
        self._submitted = {(number, claim) for number, claim in self._submitted if number < batch_number}

    def _submit(self, record: BatchRecord) -> None:
        if self._program_id is None:
            self._program_id = self._chain.program_id()
        self._service.submit(
            ProofJob(
                chain_id=self._chain_id,
                chain_name=self._chain_name,
                batch_number=record.number,
                program_id=self._program_id,
                batch_input=self._store.batch_input(record.number),
                public_input=record.public_input,
            )
        )
        self._submitted.add((record.number, record.public_input))

    def _result(self, record: BatchRecord) -> ProofResult | None:
        if (record.number, record.public_input) not in self._submitted:
            # From before a restart; the pool may have been replaced too.
            self._submit(record)
        try:
            result = self._service.result(self._chain_id, record.number)
        except ProofJobLost as exc:
            log.warning("submitting a batch again", batch=record.number, reason=str(exc))
            self._submit(record)
            return None
        if result is None or result.error is not None or result.public_input == record.public_input:
            return result
        # A result of the batch that had this number before a rollback: this one was submitted after it.
        log.warning("ignoring a proof of another batch", batch=record.number)
        return None
