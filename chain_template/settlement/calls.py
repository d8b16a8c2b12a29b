"""Which call L1 needs next: commit, prove or execute, for as many batches as fit, and its calldata."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from chain_template.batcher.commit_info import StoredClaim
from chain_template.batcher.sealing import MAX_INTEROP_FLOWS
from chain_template.errors import L1Diverged
from chain_template.lost_events import LostEvents
from chain_template.primitives import keccak
from chain_template.settlement.on_l1 import ChainOnL1, Counters
from chain_template.settlement.priority_tree import PriorityTreeMirror
from chain_template.settlement.shelf import Proof
from chain_template.store import Snapshot
from chain_template.store.records import BatchRecord, BatchStage, LogFilter, part_name
from contracts.abi import encode_call
from contracts.genesis import L2_NATIVE_TOKEN_VAULT
from contracts.messages import (
    DA_CALLDATA,
    StoredBatchInfo,
    encode_commit,
    encode_execute,
    encode_prove,
    genesis_batch,
)

#: Public mempools refuse transactions above 128 KiB; the rest is room for signatures and ABI.
MAX_CALL_BYTES: Final = 120_000
#: ABI words of one CommitBatchInfo around its pubdata, rounded up.
_COMMIT_OVERHEAD_BYTES: Final = 1_000
#: ABI words of one StoredBatchInfo and its two priority paths, rounded up; each operation adds a word.
_EXECUTE_OVERHEAD_BYTES: Final = 3_000
#: ABI words of an InteropFlow, and of an InteropRoot with its one side.
_FLOW_BYTES: Final = 96
_ROOT_BYTES: Final = 192
#: TokenRegistered(bytes32 indexed assetId, uint256 indexed originChainId, address indexed originToken, address token)
_TOKEN_REGISTERED: Final = keccak(b"TokenRegistered(bytes32,uint256,address,address)")


@dataclass(frozen=True, slots=True)
class SettlementCall:
    """A call that takes batches a stage further, or clears their way.

    Attributes:
        stage: What they reach when it is included; REVERTED for a revert, None when they stay where they are.
        first / last: The batches.
        to: Contract address.
        part: Which part of the batch's proof it hands in, counted from 0; None for other calls.
        parts: How many parts that proof has.
        proof: Stands for that proof.
    """

    stage: BatchStage | None
    first: int
    last: int
    to: str
    data: bytes
    part: int | None = None
    parts: int = 0
    proof: str = ""

    @property
    def what(self) -> str:
        """For messages: which call this is."""
        if self.part is not None:
            return f"{part_name(self.part, self.parts)} of the proof of batch {self.first}"
        verb = _VERBS[self.stage]
        return (
            f"{verb} of batch {self.first}"
            if self.first == self.last
            else (f"{verb} of batches {self.first} to {self.last}")
        )


_VERBS: Final = {
    None: "registration of a token",
    BatchStage.COMMITTED: "commit",
    BatchStage.VERIFIED: "prove",
    BatchStage.EXECUTED: "execute",
    BatchStage.REVERTED: "revert",
}


class CallMaker:
    """Makes the calls of one chain; reads its store, sends nothing.

    Args:
        chain: The chain's contracts.
        chain_id: Its id.
        pubdata: Pubdata of a batch by its number.
        max_batches: How many batches one call takes at most.
        lost: Tells what lost events would; left out where no block is lost.
    """

    def __init__(
        self,
        chain: ChainOnL1,
        chain_id: int,
        pubdata: Callable[[int], bytes],
        max_batches: int,
        lost: LostEvents | None = None,
    ) -> None:
        self._lost = lost
        self._chain = chain
        self._chain_id = chain_id
        self._pubdata = pubdata
        self._max_batches = max_batches
        self._tree = PriorityTreeMirror()

    def commit(self, snapshot: Snapshot, counters: Counters) -> SettlementCall | None:
        """Commit what is sealed; None when nothing is."""
        records: list[BatchRecord] = []
        size = 0
        for record in self._candidates(snapshot, counters.committed):
            published = record.pubdata_bytes if claim_of(record).commit.da_commitment_scheme == DA_CALLDATA else 0
            size += published + _COMMIT_OVERHEAD_BYTES + _FLOW_BYTES * len(claim_of(record).commit.interop_flows)
            if records and size > MAX_CALL_BYTES:
                break
            records.append(record)
        if not records:
            return None
        last = stored_batch(snapshot, counters.committed)
        infos = [claim_of(record).with_pubdata(self._pubdata(record.number)) for record in records]
        return self._call(BatchStage.COMMITTED, records, "commitBatchesSharedBridge", encode_commit(last, infos))

    def proved(self, snapshot: Snapshot, counters: Counters) -> list[BatchRecord]:
        """The batches that come next to be verified and are proved, as many as one call takes."""
        due = self._candidates(snapshot, counters.verified)
        return list(
            takewhile(lambda record: record.number <= counters.committed and record.stage is BatchStage.PROVED, due)
        )

    def prove(self, snapshot: Snapshot, counters: Counters, records: Sequence[BatchRecord]) -> SettlementCall:
        """Have L1 look up the proofs of batches, the first of which comes after those that it has verified."""
        previous = stored_batch(snapshot, counters.verified)
        infos = [claim_of(record).commit.to_stored() for record in records]
        return self._call(BatchStage.VERIFIED, records, "proveBatchesSharedBridge", encode_prove(previous, infos))

    def execute(self, snapshot: Snapshot, counters: Counters, now: int) -> SettlementCall | None:
        """Execute what is verified and has waited out the delay; None when nothing has.

        Args:
            snapshot: The chain's store.
            counters: How far L1 is.
            now: Unix seconds, as the next L1 block would have it.
        """
        verified = [
            record for record in self._candidates(snapshot, counters.executed) if record.number <= counters.verified
        ]
        if not verified:
            return None
        records = self._over_delay(verified, now)
        records = records[: _fitting(records)]
        if not records:
            return None
        first = self._chain.first_unprocessed_operation()
        self._tree.follow(snapshot, first)
        registration = self._registration(snapshot, records)
        if registration is not None:
            return registration
        claims = [claim_of(record) for record in records]
        proofs = self._tree.proofs(first, [record.l1_tx_count for record in records])
        data = encode_execute(
            [claim.commit.to_stored() for claim in claims], proofs, [claim.dependency_roots for claim in claims]
        )
        return self._call(BatchStage.EXECUTED, records, "executeBatchesSharedBridge", data)

    def settle(self, snapshot: Snapshot, counters: Counters) -> SettlementCall | None:
        """Commit, prove and execute the next batch in one call, which L1 takes in priority mode; None when none is due.

        One batch a call: its pubdata and its priority paths travel together.
        """
        record = snapshot.batch(counters.executed + 1)
        if record is None or record.stage is not BatchStage.PROVED:
            return None
        registration = self._registration(snapshot, [record])
        if registration is not None:
            return registration
        claim, last = claim_of(record), stored_batch(snapshot, counters.executed)
        info = claim.with_pubdata(self._pubdata(record.number))
        first = self._chain.first_unprocessed_operation()
        self._tree.follow(snapshot, first)
        stored, proofs = claim.commit.to_stored(), self._tree.proofs(first, [record.l1_tx_count])
        address = self._chain.link.zk_chain
        arguments = [
            address,
            record.number,
            record.number,
            encode_commit(last, [info]),
            encode_prove(last, [stored]),
            encode_execute([stored], proofs, [claim.dependency_roots]),
        ]
        data = encode_call(self._chain.chain, "settleBatchesSharedBridge", arguments)
        return SettlementCall(BatchStage.EXECUTED, record.number, record.number, address, data)

    def part(self, record: BatchRecord, counters: Counters, proof: Proof, number: int) -> SettlementCall:
        """Hand part ``number`` of the proof of a batch to the verifier."""
        arguments = [counters.program_id, record.public_input, proof.parts[number]]
        data = encode_call(self._chain.parts, "verifyPart", arguments)
        at = record.number
        return SettlementCall(None, at, at, counters.verifier, data, number, len(proof.parts), proof.name)

    def revert(self, to_batch: int, committed: int) -> SettlementCall:
        """Take back all batches after ``to_batch``."""
        link = self._chain.link
        data = encode_call(self._chain.timelock, "revertBatchesSharedBridge", [link.zk_chain, to_batch])
        return SettlementCall(BatchStage.REVERTED, to_batch + 1, committed, link.validator_timelock, data)

    def _registration(self, snapshot: Snapshot, records: Sequence[BatchRecord]) -> SettlementCall | None:
        """Tell L1 of a token born on this chain that a batch sends to another chain, if L1 does not know it.

        Without that L1 would take its chain to hold nothing of it, and refuse the batch.
        """
        assets = {flow.asset_id for record in records for flow in claim_of(record).commit.interop_flows}
        for asset_id in self._chain.unknown_assets(sorted(assets)):
            token = token_born_here(snapshot, self._chain_id, asset_id)
            if token is None and self._lost is not None:
                token = self._lost.token(asset_id)
            if token is not None:
                address, data = self._chain.register_origin(self._chain_id, token)
                return SettlementCall(None, records[0].number, records[-1].number, address, data)
        return None

    def _candidates(self, snapshot: Snapshot, done: int) -> list[BatchRecord]:
        return snapshot.batches(done + 1, done + self._max_batches)

    def _over_delay(self, records: Sequence[BatchRecord], now: int) -> list[BatchRecord]:
        """The leading batches whose time has come: L1 refuses a call with one that is too young."""
        ready = []
        times = self._chain.executable_at([record.number for record in records])
        for record, executable_at in zip(records, times, strict=True):
            if now < executable_at:
                break
            ready.append(record)
        return ready

    def _call(self, stage: BatchStage, records: Sequence[BatchRecord], name: str, data: bytes) -> SettlementCall:
        link, first, last = self._chain.link, records[0].number, records[-1].number
        calldata = encode_call(self._chain.timelock, name, [link.zk_chain, first, last, data])
        return SettlementCall(stage, first, last, link.validator_timelock, calldata)


def claim_of(record: BatchRecord) -> StoredClaim:
    """What a stored batch claims."""
    return StoredClaim.from_json(record.commit_info)


def token_born_here(snapshot: Snapshot, chain_id: int, asset_id: bytes) -> bytes | None:
    """Address of the token behind an asset id, if the chain's vault registered it as one of its own."""
    born_here = ((_TOKEN_REGISTERED,), (asset_id,), (chain_id.to_bytes(32, "big"),))
    found = snapshot.logs(LogFilter(0, snapshot.head_number, (L2_NATIVE_TOKEN_VAULT,), born_here), 1)
    return found[0].topics[3][12:] if found else None


def stored_batch(snapshot: Snapshot, number: int) -> StoredBatchInfo:
    """The StoredBatchInfo of a batch as this chain knows it; number 0 is genesis.

    Raises:
        L1Diverged: This chain has no such batch.
    """
    if number == 0:
        genesis = snapshot.header(0)
        assert genesis is not None
        return genesis_batch(genesis.hash, genesis.timestamp)
    record = snapshot.batch(number)
    if record is None:
        raise L1Diverged(f"L1 has batch {number}, which this chain does not know")
    return claim_of(record).commit.to_stored()


def _fitting(records: Sequence[BatchRecord]) -> int:
    """How many of them one call can execute: its calldata, and the balances it moves."""
    size = flows = 0
    for count, record in enumerate(records):
        claim = claim_of(record)
        size += _EXECUTE_OVERHEAD_BYTES + 32 * record.l1_tx_count + _ROOT_BYTES * len(claim.dependency_roots)
        flows += len(claim.commit.interop_flows)
        if count and (size > MAX_CALL_BYTES or flows > MAX_INTEROP_FLOWS):
            return count
    return len(records)
