"""What a chain's executed batches published, read from the L1 transactions that committed them."""

from dataclasses import dataclass
from typing import Final

from chain_template.batcher.pubdata import Pubdata, decode_pubdata
from chain_template.errors import BatchError, L1Diverged
from chain_template.primitives import keccak
from chain_template.settlement.on_l1 import ChainOnL1
from contracts.abi import decode_call
from contracts.client import Log
from contracts.errors import EncodingError
from contracts.messages import DA_CALLDATA, CommitBatchInfo, decode_commit

#: Where the commit data stands among the arguments of each call that commits.
_COMMIT_DATA: Final = 3


@dataclass(frozen=True, slots=True)
class PublishedBatch:
    """A batch that L1 has executed.

    Attributes:
        commit: What its operator claimed.
        pubdata: What it published.
    """

    commit: CommitBatchInfo
    pubdata: Pubdata


def published_batches(chain: ChainOnL1) -> list[PublishedBatch]:
    """All executed batches, in order, each held to the hash that L1 stores.

    Raises:
        BatchError: A batch published nothing (a validium), or in a way that cannot be read from its transaction.
        L1Diverged: L1 changed while it was read.
        L1Error: L1 does not answer.
    """
    head = chain.head()
    executed = chain.counters(head).executed
    commits: dict[int, CommitBatchInfo] = {}
    for event in chain.events(["BlockCommit"], chain.link.start_block, head.number):
        # A batch that was reverted and committed again is announced again: the last one counts.
        number = (event.decode(chain.chain, "BlockCommit") or {})["batchNumber"]
        if number <= executed:
            commits[number] = _commit_in(chain, event, number)
    return [_checked(chain, number, commits.get(number)) for number in range(1, executed + 1)]


def _checked(chain: ChainOnL1, number: int, commit: CommitBatchInfo | None) -> PublishedBatch:
    if commit is None or commit.to_stored().hash() != chain.stored_batch_hash(number):
        raise L1Diverged(f"L1's events do not show batch {number} as L1 stores it", hint="try again")
    if commit.da_commitment_scheme != DA_CALLDATA:
        raise BatchError(
            f"batch {number} published no data: the chain is a validium",
            hint="its operator alone has the state; ask there",
        )
    if keccak(commit.operator_da_input) != commit.da_commitment:
        raise BatchError(f"the data of batch {number} is not what it committed to")
    return PublishedBatch(commit, decode_pubdata(commit.operator_da_input))


def _commit_in(chain: ChainOnL1, event: Log, number: int) -> CommitBatchInfo:
    """The commit of a batch in the transaction that emitted an event.

    In the usual way the ValidatorTimelock is called, in priority mode the chain itself; both have the commit data
    fourth, and it is the same.
    """
    transaction = chain.client.rpc("eth_getTransactionByHash", ["0x" + event.transaction_hash.hex()])
    data = bytes.fromhex((transaction or {}).get("input", "0x")[2:])
    for artifact in (chain.timelock, chain.chain):
        try:
            _, arguments = decode_call(artifact, data)
            _, commits = decode_commit(arguments[_COMMIT_DATA])
        except (EncodingError, IndexError, TypeError):
            continue
        for commit in commits:
            if commit.batch_number == number:
                return commit
    raise BatchError(
        f"L1 transaction 0x{event.transaction_hash.hex()} committed batch {number} through another contract",
        hint="its data has to be read from a trace of that transaction",
    )
