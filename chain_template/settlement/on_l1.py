"""What L1 says of a chain: batch counters, stored hashes, priority requests, when batches were committed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from chain_template.config import L1Link
from chain_template.errors import L1Diverged
from chain_template.primitives import ZERO_HASH
from chain_template.store.records import BatchStage
from contracts.abi import decode_result, encode_call
from contracts.artifacts import Artifact, load
from contracts.client import L1Client, Log
from contracts.errors import L1Unavailable

#: Most blocks asked for in one eth_getLogs; public nodes refuse more than a few thousand.
MAX_LOG_RANGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class L1Block:
    """An L1 block's header, as far as it matters here.

    Attributes:
        timestamp: Unix seconds.
        base_fee: Wei per gas.
    """

    number: int
    hash: bytes
    timestamp: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Counters:
    """How many batches L1 has taken how far, as of one block.

    Attributes:
        committed_hash: Hash of the last committed batch's StoredBatchInfo.
        priority_mode: Whether L1 takes batches of L1 operations only, from anyone.
        program_id: The batch program whose proofs are accepted.
        verifier: Address of the contract that says what is proven.
        protocol_version: Which version the chain is on, packed; they are the version's.
    """

    block: L1Block
    committed: int
    verified: int
    executed: int
    committed_hash: bytes
    priority_mode: bool = False
    program_id: bytes = b""
    verifier: str = ""
    protocol_version: int = 0

    def stage_of(self, batch_number: int) -> BatchStage | None:
        """The stage L1 vouches for; None before commit."""
        if batch_number <= self.executed:
            return BatchStage.EXECUTED
        if batch_number <= self.verified:
            return BatchStage.VERIFIED
        return BatchStage.COMMITTED if batch_number <= self.committed else None


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """The last block of a batch.

    Attributes:
        block: Its number.
        block_hash: Its hash, which the batch committed to.
    """

    block: int
    block_hash: bytes


class ChainOnL1:
    """Reads one chain's contracts. Raises the errors of ``contracts.client`` where L1 does not answer."""

    def __init__(self, client: L1Client, link: L1Link) -> None:
        self.client = client
        self.link = link
        self.chain: Artifact = load("ZKChain")
        self.timelock: Artifact = load("ValidatorTimelock")
        self.parts: Artifact = load("IProofParts")

    def check_link(self) -> None:
        """Refuse to settle on something else than the L1 this chain was created on.

        Raises:
            L1Diverged: The URL leads to another chain id, or there is no chain contract.
        """
        chain_id = self.client.chain_id()
        if chain_id != self.link.l1_chain_id:
            raise L1Diverged(
                f"the L1 at {self.client.url} has chain id {chain_id}; this chain settles on {self.link.l1_chain_id}"
            )
        if not self.client.get_code(self.link.zk_chain):
            raise L1Diverged(
                f"the L1 at {self.client.url} has no contract at {self.link.zk_chain}, this chain's address",
                hint="the L1 may have been reset; a chain cannot move to another L1",
            )

    # -- blocks ------------------------------------------------------------------------------------------------------

    def block(self, number: int | str = "latest") -> L1Block | None:
        """A block of L1; None when it does not exist."""
        found = self.client.get_block(number)
        if found is None:
            return None
        return L1Block(
            number=int(found["number"], 16),
            hash=bytes.fromhex(found["hash"][2:]),
            timestamp=int(found["timestamp"], 16),
            base_fee=int(found.get("baseFeePerGas") or "0x0", 16),
        )

    def head(self, confirmations: int = 0) -> L1Block:
        """The newest block with so many blocks above it; block 0 while L1 is younger than that."""
        latest = self._existing("latest")
        return latest if confirmations == 0 else self._existing(max(0, latest.number - confirmations))

    def _existing(self, number: int | str) -> L1Block:
        block = self.block(number)
        if block is None:
            # It was there a moment ago: L1 reorganises right now, or several nodes answer behind one URL.
            raise L1Unavailable(self.client.url, f"it does not know block {number}")
        return block

    # -- batches -----------------------------------------------------------------------------------------------------

    def counters(self, at: L1Block) -> Counters:
        """How far batches are as of a block."""
        committed, verified, executed, *others = self._reads([(name, ()) for name in _COUNTERS], at.number)
        (committed_hash,) = self._reads([("storedBatchHash", (committed,))], at.number)
        return Counters(at, committed, verified, executed, committed_hash, *others)

    def stored_batch_hash(self, batch_number: int) -> bytes:
        """Keccak of the batch's StoredBatchInfo; zero when it is not committed."""
        (found,) = self._reads([("storedBatchHash", (batch_number,))], "latest")
        return bytes(found)

    def first_unprocessed_operation(self) -> int:
        """Id of the first priority operation that no executed batch holds."""
        (found,) = self._reads([("getFirstUnprocessedPriorityTx", ())], "latest")
        return int(found)

    # -- proofs ------------------------------------------------------------------------------------------------------

    def are_proven(self, verifier: str, program_id: bytes, public_inputs: Sequence[bytes]) -> list[bool]:
        """For each public input whether the verifier has accepted a proof that the program puts it out."""
        calls = [("isVerified", (program_id, public_input)) for public_input in public_inputs]
        return self._read_all(load("IBatchVerifier"), verifier, calls, "latest") if calls else []

    def accepted_parts(self, verifier: str, sender: str, program_id: bytes, public_input: bytes) -> int:
        """How many parts of a proof the verifier has accepted from a sender; 0 when it has none under way."""
        ((accepted, _),) = self._read_all(
            self.parts, verifier, [("progress", (sender, program_id, public_input))], "latest"
        )
        return int(accepted)

    # -- execution ---------------------------------------------------------------------------------------------------

    def executable_at(self, batch_numbers: Sequence[int]) -> list[int]:
        """When each batch may be executed: commit time plus the delay, Unix seconds."""
        address = self.link.validator_timelock
        calls: list[tuple[str, Sequence[Any]]] = [("executionDelay", ())]
        calls += [("getCommittedBatchTimestamp", (self.link.zk_chain, number)) for number in batch_numbers]
        delay, *times = self._read_all(self.timelock, address, calls, "latest")
        return [committed_at + delay for committed_at in times]

    # -- assets ------------------------------------------------------------------------------------------------------

    @cached_property
    def _vault_address(self) -> str:
        known = self.link.contracts.get("native_token_vault")
        if known is not None:
            return known
        router = str(self.client.read(load("Bridgehub"), self.link.bridgehub, "assetRouter"))
        return str(self.client.read(load("L1AssetRouter"), router, "nativeTokenVault"))

    def unknown_assets(self, asset_ids: Sequence[bytes]) -> list[bytes]:
        """Those of which L1 does not know where they were born."""
        if not asset_ids:
            return []
        vault = load("L1NativeTokenVault")
        calls = [("originChainId", (asset_id,)) for asset_id in asset_ids]
        origins = self._read_all(vault, self._vault_address, calls, "latest")
        return [asset_id for asset_id, origin in zip(asset_ids, origins, strict=True) if not origin]

    def register_origin(self, chain_id: int, token: bytes) -> tuple[str, bytes]:
        """The call that tells L1 of a token of a chain: contract address and calldata. Anyone may make it."""
        arguments = [chain_id, "0x" + token.hex()]
        return self._vault_address, encode_call(load("L1NativeTokenVault"), "registerOrigin", arguments)

    # -- events ------------------------------------------------------------------------------------------------------

    def events(self, names: Iterable[str], first: int, last: int) -> list[Log]:
        """The chain contract's events of some kinds in a range of blocks, in order; asked for in pieces."""
        topics = [self.chain.event(name).topic for name in names]
        found: list[Log] = []
        for start in range(first, last + 1, MAX_LOG_RANGE):
            end = min(last, start + MAX_LOG_RANGE - 1)
            found.extend(self.client.get_logs(self.link.zk_chain, [topics], start, end))
        return found

    def settlement_transactions(self, last: int) -> dict[tuple[int, BatchStage], str]:
        """Hash of the L1 transaction that took each batch to each stage, looked up by its event."""
        found: dict[tuple[int, BatchStage], str] = {}
        for log in self.events(_STAGE_EVENTS.values(), self.link.start_block, last):
            tx_hash = "0x" + log.transaction_hash.hex()
            for stage, name in _STAGE_EVENTS.items():
                event = log.decode(self.chain, name)
                if event is None:
                    continue
                if stage is BatchStage.VERIFIED:
                    numbers = range(event["previousLastVerifiedBatch"] + 1, event["currentLastVerifiedBatch"] + 1)
                else:
                    numbers = range(event["batchNumber"], event["batchNumber"] + 1)
                found.update({(number, stage): tx_hash for number in numbers})
        return found

    def committed_ends(self, first_batch: int) -> dict[int, BatchEnd]:
        """The last block of each committed batch from ``first_batch`` on, as its operator reported it to L1."""
        ends: dict[int, BatchEnd] = {}
        block_hash = ZERO_HASH
        names = ["BlockCommit", "ReportCommittedBatchRange"]
        for log in self.events(names, self.link.start_block, self.client.block_number()):
            commit = log.decode(self.chain, names[0])
            if commit is not None:
                block_hash = commit["batchHash"]
                continue
            # Of the same batch. One committed again after a revert replaces the earlier one.
            event = log.decode(self.chain, names[1]) or {}
            if event["batchNumber"] >= first_batch:
                ends[event["batchNumber"]] = BatchEnd(event["lastBlockNumber"], block_hash)
        return ends

    # -- reading -----------------------------------------------------------------------------------------------------

    def _reads(self, calls: Sequence[tuple[str, Sequence[Any]]], block: int | str) -> list[Any]:
        return self._read_all(self.chain, self.link.zk_chain, calls, block)

    def _read_all(
        self, artifact: Artifact, address: str, calls: Sequence[tuple[str, Sequence[Any]]], block: int | str
    ) -> list[Any]:
        """View functions of one contract at one block, in one exchange."""
        tag = block if isinstance(block, str) else hex(block)
        requests = [
            ("eth_call", [{"to": address, "data": "0x" + encode_call(artifact, name, args).hex()}, tag])
            for name, args in calls
        ]
        answers = self.client.rpc_batch(requests)
        return [
            decode_result(artifact, name, bytes.fromhex(answer[2:]))
            for (name, _), answer in zip(calls, answers, strict=True)
        ]


_COUNTERS: Final = (
    "getTotalBatchesCommitted",
    "getTotalBatchesVerified",
    "getTotalBatchesExecuted",
    "isPriorityMode",
    "getProgramId",
    "getVerifier",
    "getProtocolVersion",
)
_STAGE_EVENTS: Final = {
    BatchStage.COMMITTED: "BlockCommit",
    BatchStage.VERIFIED: "BlocksVerification",
    BatchStage.EXECUTED: "BlockExecution",
}
