"""What a user does for himself on a chain whose operator is gone, with L1 alone: settle L1's requests, claim.

The chain's state comes from what its batches published; the proofs come from the same data. Where L1 wants a batch
proven, it is proven here.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from eth_utils.address import to_checksum_address

from chain_template.batcher.log_tree import LogTree
from chain_template.from_l1 import ChainState, PublishedBatch, find_chain, prepare_batch, published_batches, settle
from chain_template.from_l1 import rebuild_state as rebuild
from chain_template.from_l1.settle import PreparedBatch
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.settlement.proofs import unpack_parts
from cluster.pool.jobs import Assignment, JobKey, Progress
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.client import L1Client
from contracts.sender import Sender
from shared_bridge.claims import Inclusion
from shared_bridge.errors import EscapeError
from shared_bridge.escape import Escape
from shared_bridge.formats import BaseTokenWithdrawal, TokenWithdrawal, read_message
from shared_bridge.receipts import RawMessage

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settled:
    """A batch of requests that was settled here.

    Attributes:
        requests: Numbers of the requests it served.
        transaction_hash: The L1 transaction.
    """

    batch_number: int
    requests: tuple[int, ...]
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class PublishedWithdrawal:
    """A withdrawal in what a chain published.

    Attributes:
        receiver: On L1, checksummed.
        amount: In the asset's smallest unit.
        asset_id: The asset; ``None`` for the chain's base token.
        inclusion: The message and its proof.
    """

    receiver: str
    amount: int
    asset_id: bytes | None
    inclusion: Inclusion


class WayOut:
    """One chain, from L1 alone.

    Args:
        l1_url: JSON-RPC of L1.
        bridgehub: Address of the Bridgehub.
        chain_id: The chain.

    Raises:
        L1Diverged: From the constructor: the Bridgehub does not know the chain.
    """

    def __init__(self, l1_url: str, bridgehub: str, chain_id: int) -> None:
        self.chain_id = chain_id
        self._client = L1Client(l1_url)
        self._chain = ChainOnL1(self._client, find_chain(self._client, bridgehub, chain_id))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def state(self) -> ChainState:
        """The chain after its last executed batch; every batch's state root is checked on the way."""
        return rebuild(self.chain_id, self._chain.link, published_batches(self._chain))

    def settle(self, private_key: bytes, told: Told = lambda line: None) -> list[Settled]:
        """Settle all requests that wait on L1, batch after batch.

        Args:
            private_key: Pays for gas on L1, and gets the requests' fees on the chain.
            told: Called with a line for each step.

        Raises:
            EscapeError: The chain is not in priority mode.
            BatchError: The chain did not publish its data.
            SettlementRefused: A request cannot be executed with what L1 knows.
            BatchRefused: The batch is more than one proof holds.
            OtherProgramWanted: L1 wants proofs of another program than this release has.
            ProofDoesNotFit: There is not enough memory for a proof.
            TransactionReverted: L1 refused a batch; most likely somebody else settled it at the same time.
        """
        if not self._chain.counters(self._chain.head()).priority_mode:
            raise EscapeError(
                f"chain {self.chain_id} is not in priority mode: its operator settles",
                hint="`zkhub escape activate` switches it once a request is overdue",
            )
        sender = Sender(self._client, private_key)
        told("rebuilding the chain's state from what it published on L1")
        state, settled = self.state(), []
        while (
            batch := prepare_batch(self._chain, self.chain_id, state, bytes.fromhex(sender.address[2:]))
        ) is not None:
            number, served = batch.state.last.batch_number, tuple(request.priority_id for request in batch.requests)
            self._prove(batch, sender, told)
            told(f"settling batch {number} with requests {served[0]} to {served[-1]}")
            settled.append(Settled(number, served, settle(self._chain, self.chain_id, state, batch, sender)))
            state = batch.state
        return settled

    def _prove(self, batch: PreparedBatch, sender: Sender, told: Told) -> None:
        """Give L1's verifier a proof of the batch, unless it takes it for proven already."""
        now, statement = self._chain.counters(self._chain.head()), batch.built.output.public_input
        if all(self._chain.are_proven(now.verifier, now.program_id, [statement])):
            return
        # Whoever leaves a chain that is not proven need not load a prover.
        from cluster.workers.stark import StarkProver
        from zkvm.stark.profiles import profile_of

        number = batch.state.last.batch_number
        prover = StarkProver(profile_of(self._client.read(load("BatchVerifier"), now.verifier, "PROFILE_ID")))
        assignment = Assignment(
            lease=0,
            key=JobKey(self.chain_id, number, now.program_id),
            chain_name=str(self.chain_id),
            public_input=statement,
            batch_input=batch.built.batch_input,
            attempt=1,
        )
        stages: list[str] = []

        def report(progress: Progress) -> None:
            if progress.stage not in stages:
                stages.append(progress.stage)
                told(f"proving batch {number}: {progress.stage}")

        parts = unpack_parts(prover.prove(assignment, threading.Event(), report))
        for at, part in enumerate(parts):
            what = f"part {at + 1} of {len(parts)} of the proof of batch {number}"
            told(f"handing in {what}")
            data = encode_call(self._chain.parts, "verifyPart", [now.program_id, statement, part])
            sender.transact(now.verifier, data, what=what)

    def withdrawals(self, receiver: str | None = None) -> list[PublishedWithdrawal]:
        """Every withdrawal that the chain ever published, or those to one receiver, with their proofs."""
        found = [each for batch in published_batches(self._chain) for each in _withdrawals(batch)]
        return [each for each in found if receiver is None or each.receiver == to_checksum_address(receiver)]

    def claim(
        self, escape: Escape, private_key: bytes, receiver: str | None = None
    ) -> list[tuple[PublishedWithdrawal, bytes | None]]:
        """Claim withdrawals; each with its L1 transaction, or None where it was claimed before."""
        return [(each, escape.claim(private_key, each.inclusion)) for each in self.withdrawals(receiver)]


def _withdrawals(batch: PublishedBatch) -> list[PublishedWithdrawal]:
    tree, found = LogTree([entry.leaf for entry in batch.pubdata.logs]), []
    for index, entry in enumerate(batch.pubdata.logs):
        message = entry.log.message
        if message is None:
            continue
        sender = to_checksum_address(entry.log.key[12:])
        content = read_message(sender, message)
        raw = RawMessage(0, 0, sender, message, batch.commit.batch_number, entry.tx_number)
        inclusion = Inclusion(raw, batch.commit.batch_number, index, entry.tx_number, tuple(tree.proof(index)))
        if isinstance(content, BaseTokenWithdrawal):
            found.append(PublishedWithdrawal(content.receiver, content.amount, None, inclusion))
        elif isinstance(content, TokenWithdrawal):
            transfer = content.transfer
            found.append(PublishedWithdrawal(transfer.receiver, transfer.amount, content.asset_id, inclusion))
    return found
