"""What a chain's batches published, read from the L1 transactions that committed them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from chain_template.batcher.log_tree import LogTree
from chain_template.batcher.pubdata import Pubdata, decode_pubdata
from chain_template.errors import BatchError, DataMismatch, DataUnavailable, L1Diverged
from chain_template.primitives import keccak
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.store.records import BatchStage
from contracts.abi import decode_call
from contracts.errors import EncodingError
from contracts.messages import DA_CALLDATA, CommitBatchInfo, StoredBatchInfo, decode_commit

#: Where the commit data stands among the arguments of each call that commits.
_COMMIT_DATA: Final = 3


@dataclass(frozen=True, slots=True)
class PublishedBatch:
    """A batch as L1 shows it.

    Attributes:
        commit: What its operator claimed.
        pubdata: What it published.
    """

    commit: CommitBatchInfo
    pubdata: Pubdata


@dataclass(frozen=True, slots=True)
class CommittedBatch:
    """A batch in the L1 transaction that committed it.

    Attributes:
        commit: What its operator claimed, with what it published as it stands there.
        base: The batch that the transaction builds on; the one before the first that it commits.
        l1_transaction: Hash of the transaction.
    """

    commit: CommitBatchInfo
    base: StoredBatchInfo
    l1_transaction: str


def published_batches(chain: ChainOnL1) -> list[PublishedBatch]:
    """All executed batches, in order, each held to the hash that L1 stores.

    Raises:
        DataUnavailable: A batch published nothing (a validium), or in a way that cannot be read from its transaction.
        DataMismatch: What a batch published is not what it committed to.
        L1Diverged: L1 changed while it was read.
        L1Error: L1 does not answer.
    """
    head = chain.head()
    executed = chain.counters(head).executed
    return [published for _, published in read_batches(chain, 1, executed, head.number)]


def read_batches(
    chain: ChainOnL1, first: int, last: int, l1_head: int
) -> Iterator[tuple[CommittedBatch, PublishedBatch]]:
    """Batches ``first`` to ``last``, in order and one at a time; as :func:`published_batches`.

    Args:
        chain: The chain's contracts.
        first: A batch that L1 has.
        last: Another; nothing is read where it is below ``first``.
        l1_head: The last L1 block to look at.
    """
    if last < first:
        return
    places = commit_transactions(chain, l1_head)
    for number in range(first, last + 1):
        committed = read_commit(chain, number, places.get(number))
        yield committed, check_published(committed.commit)


def commit_transactions(chain: ChainOnL1, l1_head: int) -> dict[int, str]:
    """Hash of the L1 transaction that committed each batch, up to an L1 block.

    A batch that was reverted and committed again is announced again: the last one counts.
    """
    found = chain.settlement_transactions(l1_head)
    return {number: sent for (number, stage), sent in found.items() if stage is BatchStage.COMMITTED}


def read_commit(chain: ChainOnL1, number: int, l1_transaction: str | None) -> CommittedBatch:
    """A batch in the transaction that committed it, held to the hash that L1 stores.

    Raises:
        DataUnavailable: L1 does not give the transaction, or it committed the batch through another contract.
        L1Diverged: L1 stores another batch under this number.
    """
    if l1_transaction is None:
        raise L1Diverged(f"L1's events do not show batch {number} as L1 stores it", hint="try again")
    committed = _commit_in(chain, number, l1_transaction)
    if committed.commit.to_stored().hash() != chain.stored_batch_hash(number):
        raise L1Diverged(f"L1's events do not show batch {number} as L1 stores it", hint="try again")
    return committed


def check_published(commit: CommitBatchInfo) -> PublishedBatch:
    """What a batch published, held to what it committed to: the bytes, the last header, the tree of its logs.

    Raises:
        DataUnavailable: It published nothing.
        DataMismatch: It published something else.
    """
    number = commit.batch_number
    if commit.da_commitment_scheme != DA_CALLDATA:
        raise DataUnavailable(
            number, "it published no data: the chain is a validium", hint="its operator alone has the state; ask there"
        )
    if keccak(commit.operator_da_input) != commit.da_commitment:
        raise DataMismatch("its data is not what it committed to", batch_number=number)
    try:
        pubdata = decode_pubdata(commit.operator_da_input)
    except BatchError as exc:
        raise DataMismatch(exc.message, batch_number=number) from exc
    if pubdata.header.hash != commit.new_state_commitment:
        raise DataMismatch("it published another header than it committed to", batch_number=number)
    if LogTree([entry.leaf for entry in pubdata.logs]).chain_batch_root != commit.l2_logs_tree_root:
        raise DataMismatch("it published other logs than it committed to", batch_number=number)
    return PublishedBatch(commit, pubdata)


def _commit_in(chain: ChainOnL1, number: int, l1_transaction: str) -> CommittedBatch:
    """A batch in the transaction that committed it.

    In the usual way the ValidatorTimelock is called, in priority mode the chain itself; both have the commit data
    fourth, and it is the same.
    """
    transaction = chain.client.rpc("eth_getTransactionByHash", [l1_transaction])
    if transaction is None:
        raise DataUnavailable(
            number,
            f"L1 does not give transaction {l1_transaction}, which has its data",
            hint="ask a node of L1 that keeps old transactions",
        )
    data = bytes.fromhex(transaction["input"][2:])
    for artifact in (chain.timelock, chain.chain):
        try:
            _, arguments = decode_call(artifact, data)
            base, commits = decode_commit(arguments[_COMMIT_DATA])
        except (EncodingError, IndexError, TypeError):
            continue
        for commit in commits:
            if commit.batch_number == number:
                return CommittedBatch(commit, base, l1_transaction)
    raise DataUnavailable(
        number,
        f"L1 transaction {l1_transaction} committed it through another contract",
        hint="its data has to be read from a trace of that transaction",
    )
