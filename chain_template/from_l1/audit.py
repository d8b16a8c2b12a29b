"""Checking a batch from L1 alone: what was committed, what was published, and the proof that L1 verified.

Nothing that a hub, a node or an operator says is used. What L1 has is read, computed again and compared; the proof is
put together from the transactions that brought its parts, and verified once more by the Python verifier.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chain_template.errors import DataMismatch, L1Diverged
from chain_template.from_l1.batches import CommittedBatch, check_published, read_commit
from chain_template.from_l1.program import ProgramInForce, program_of
from chain_template.from_l1.proof import program_key, proof_parts, proven_key, verify_parts
from chain_template.from_l1.verifier_code import check_verifier_code, profile_of
from chain_template.settlement.on_l1 import ChainOnL1, L1Block
from chain_template.store.records import BatchStage
from contracts.artifacts import load
from contracts.errors import L1Error
from contracts.messages import StoredBatchInfo, public_input
from zkhub.errors import HubError

if TYPE_CHECKING:
    from zkvm.stark.key import VerifyingKey
    from zkvm.stark.profiles import Profile


class Outcome(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    UNPROVEN = "unproven"
    """There is nothing to check: nobody has proven it."""
    UNKNOWN = "unknown"
    """This release cannot tell: it is about an earlier protocol version, whose program it does not have."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: Stable, for programs.
        detail: What was found, in words.
    """

    name: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What L1 knows of a batch.

    Attributes:
        stage: How far L1 has taken it.
        l1_transactions: Stage → hash of the L1 transaction that took it there.
        state_commitment: Hash of its last block's header.
        state_root: In that header; None where it is not published.
        public_input: What a proof of it states, 32 bytes, computed from what was committed.
        protocol_version: Packed; the chain's when L1 verified it, or now where it has not yet.
        program_id: The program of that version, 32 bytes.
        checks: In the order in which they were made.
    """

    chain_id: int
    batch: int
    stage: BatchStage
    l1_transactions: dict[str, str]
    state_commitment: bytes
    state_root: bytes | None
    public_input: bytes
    protocol_version: int
    program_id: bytes
    checks: tuple[Check, ...]

    @property
    def has_failed(self) -> bool:
        """Whether something is not as it has to be."""
        return any(check.outcome is Outcome.FAILED for check in self.checks)

    @property
    def is_proven(self) -> bool:
        """Whether every check passed, the proof's among them."""
        return all(check.outcome is Outcome.PASSED for check in self.checks)


def audit(chain: ChainOnL1, chain_id: int, number: int, *, key_cache: Path | None = None) -> Audit:
    """Check a committed batch against everything that L1 shows of it.

    Args:
        chain: The chain's contracts; :func:`~chain_template.from_l1.link.find_chain` finds them.
        chain_id: The chain.
        number: The batch, from 1.
        key_cache: A folder to keep the batch program's verifying keys in, which take seconds to make.

    Raises:
        L1Diverged: L1 has no such batch, or changed while it was read.
        DataUnavailable: The transaction that committed it is not to be had.
        L1Error: L1 does not answer.
    """
    head = chain.head()
    counters = chain.counters(head)
    stage = counters.stage_of(number)
    if stage is None or number < 1:
        raise L1Diverged(f"L1 has no batch {number} of chain {chain_id}: {counters.committed} are committed")
    places = chain.settlement_transactions(head.number)
    sent = {at.value: places[number, at] for at in BatchStage if (number, at) in places}
    committed = read_commit(chain, number, sent.get(BatchStage.COMMITTED.value))
    before = _before(chain, committed, places.get((number - 1, BatchStage.COMMITTED)))

    commit, checks = committed.commit, _Checks()
    statement = public_input(before.batch_hash, commit.new_state_commitment, commit.batch_output_hash())
    program = program_of(chain, number, stage, head.number)
    checks.make("commit", lambda: _check_commit(chain, chain_id, committed))
    checks.make("previous", lambda: _check_previous(chain, before))
    checks.note("public-input", Outcome.PASSED, f"0x{statement.hex()}, from this commit and the one before")
    state_root: list[bytes] = []
    checks.make("data", lambda: _check_data(committed, state_root))
    _Proof(chain, head, program, statement, stage, key_cache).check(checks)
    _require_same(chain, head)
    return Audit(
        chain_id=chain_id,
        batch=number,
        stage=stage,
        l1_transactions=sent,
        state_commitment=commit.new_state_commitment,
        state_root=state_root[0] if state_root else None,
        public_input=statement,
        protocol_version=program.protocol_version,
        program_id=program.program_id,
        checks=tuple(checks.made),
    )


class _Checks:
    """Collects checks: one that raises has failed, and the others are made all the same."""

    def __init__(self) -> None:
        self.made: list[Check] = []

    def note(self, name: str, outcome: Outcome, detail: str) -> None:
        self.made.append(Check(name, outcome, detail))

    def make(self, name: str, check: Callable[[], str], otherwise: Outcome = Outcome.FAILED) -> None:
        """A check returns what it found, or raises why it fails; an L1 that is gone ends the audit."""
        try:
            self.note(name, Outcome.PASSED, check())
        except L1Error:
            raise
        except HubError as exc:
            self.note(name, otherwise, f"{exc.message} ({exc.hint})" if exc.hint else exc.message)


def _before(chain: ChainOnL1, committed: CommittedBatch, l1_transaction: str | None) -> StoredBatchInfo:
    """The batch before, as the same transaction names it or as its own committed it."""
    number = committed.commit.batch_number - 1
    if committed.base.batch_number == number:
        return committed.base
    return read_commit(chain, number, l1_transaction).commit.to_stored()


def _check_commit(chain: ChainOnL1, chain_id: int, committed: CommittedBatch) -> str:
    commit, l1_chain_id = committed.commit, chain.client.chain_id()
    if (commit.chain_id, commit.sl_chain_id) != (chain_id, l1_chain_id):
        raise DataMismatch(f"it was committed for chain {commit.chain_id} on {commit.sl_chain_id}")
    return f"transaction {committed.l1_transaction} has what L1 stores"


def _check_previous(chain: ChainOnL1, before: StoredBatchInfo) -> str:
    if before.hash() != chain.stored_batch_hash(before.batch_number):
        raise DataMismatch(f"it builds on another batch {before.batch_number} than L1 stores")
    return f"batch {before.batch_number} is what L1 stores, its last block 0x{before.batch_hash.hex()}"


def _check_data(committed: CommittedBatch, state_root: list[bytes]) -> str:
    commit = committed.commit
    header = check_published(commit).pubdata.header
    if (header.number, header.timestamp) != (commit.last_block_number, commit.last_block_timestamp):
        raise DataMismatch(
            f"it published block {header.number} of time {header.timestamp}, "
            f"and committed to block {commit.last_block_number} of time {commit.last_block_timestamp}"
        )
    state_root.append(header.state_root)
    return (
        f"{len(commit.operator_da_input)} bytes have the hash that was committed to; "
        f"block {header.number} has state root 0x{header.state_root.hex()}"
    )


class _Proof:
    """The part of an audit that is about the proof."""

    def __init__(
        self,
        chain: ChainOnL1,
        head: L1Block,
        program: ProgramInForce,
        statement: bytes,
        stage: BatchStage,
        key_cache: Path | None,
    ) -> None:
        self._chain = chain
        self._head = head
        self._program_id = program.program_id
        self._statement = statement
        self._stage = stage
        self._key_cache = key_cache
        self._verifier = program.verifier
        #: What it means that a contract or the program is not this release's: of an earlier version, nothing.
        self._otherwise = Outcome.FAILED if program.is_current else Outcome.UNKNOWN

    def check(self, checks: _Checks) -> None:
        """The contract that verifies, the program, what L1 knows to be proven, and the proof itself."""
        interface = load("IBatchVerifier")
        if self._chain.client.read(interface, self._verifier, "developmentOnly"):
            what = f"the verifier at {self._verifier} is the development one, which accepts everything"
            checks.note("proof", Outcome.UNPROVEN, f"nothing was proven: {what}")
            return
        checks.make("verifier", lambda: check_verifier_code(self._chain.client, self._verifier), self._otherwise)
        statement = [self._program_id, self._statement]
        if not self._chain.client.read(interface, self._verifier, "isVerified", statement):
            what = f"L1 has verified no proof of this batch by program 0x{self._program_id.hex()}"
            is_due = self._stage is not BatchStage.COMMITTED
            checks.note("proof", Outcome.FAILED if is_due else Outcome.UNPROVEN, what + ("" if is_due else " yet"))
            return
        checks.make("program", self._check_program, self._otherwise)
        checks.make("proof", self._check_proof)

    @cached_property
    def _profile(self) -> "Profile":
        return profile_of(self._chain.client, self._verifier)

    @cached_property
    def _key(self) -> "VerifyingKey":
        key = program_key(self._profile, self._key_cache)
        if key.hash != self._program_id:
            raise DataMismatch(
                f"0x{self._program_id.hex()} is not this release's batch program under profile {self._profile.name}, "
                f"which is 0x{key.hash.hex()}: audit with the release that has it"
            )
        return key

    def _check_program(self) -> str:
        return f"0x{self._key.hash.hex()} is this release's batch program under profile {self._profile.name}"

    def _check_proof(self) -> str:
        parts = self._parts()
        try:
            key = self._key
        except DataMismatch:
            if self._otherwise is Outcome.FAILED:
                raise
            # Of an earlier version: the proof tells the key, and L1 its hash.
            key = proven_key(self._profile, self._program_id, parts)
        return verify_parts(self._profile, key, self._statement, parts)

    def _parts(self) -> list[bytes]:
        return proof_parts(self._chain, self._verifier, self._program_id, self._statement, self._head.number)


def _require_same(chain: ChainOnL1, head: L1Block) -> None:
    block = chain.block(head.number)
    if block is None or block.hash != head.hash:
        raise L1Diverged(f"L1 reorganised at block {head.number} while it was read", hint="run the audit again")
