"""The next batch of a chain in priority mode, made by anyone: L1's oldest requests and nothing else."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from chain_template.ancestors import AncestorHashes
from chain_template.batcher.batch_program import run
from chain_template.batcher.build import BatchRules, BuiltBatch, ExecutionTrace, build_batch
from chain_template.batcher.output import BatchBlock
from chain_template.batcher.state_diff import Overlay
from chain_template.config import BatchSettings, BlockSettings
from chain_template.contract_reads import read_contract
from chain_template.errors import BatchInputError, SettlementRefused
from chain_template.executor import make_executor
from chain_template.executor.interface import (
    BlockContext,
    ChainRules,
    ExecutedBlock,
    Included,
)
from chain_template.from_l1.state import ChainState
from chain_template.headers import BlockHeader, next_base_fee
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.transactions import priority_transaction
from contracts.abi import encode_call
from contracts.deposits import PriorityRequest, priority_request
from contracts.genesis import L2_NATIVE_TOKEN_VAULT
from contracts.messages import DA_CALLDATA, CommitBatchInfo, InteropFlow, encode_commit, encode_execute, encode_prove
from contracts.priority_tree import PriorityTree
from contracts.sender import Sender

_EXECUTOR: Final = "native"
#: Whoever settles may choose the floor of the base fee; requests pay what they bought gas at on L1.
_MIN_BASE_FEE_WEI: Final = 1


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """A batch of L1 requests that nobody has settled yet.

    Attributes:
        built: What it claims, and the input from which that can be checked.
        requests: The requests it serves.
        state: The chain after it.
    """

    built: BuiltBatch
    requests: tuple[PriorityRequest, ...]
    state: ChainState


def waiting_requests(chain: ChainOnL1) -> tuple[list[PriorityRequest], int]:
    """Every request that the chain ever got, in order, and the number of the first that is not executed."""
    logs = chain.events(["NewPriorityRequest"], chain.link.start_block, chain.head().number)
    requests = [request for log in logs if (request := priority_request(log)) is not None]
    return requests, chain.first_unprocessed_operation()


def prepare_batch(
    chain: ChainOnL1,
    chain_id: int,
    state: ChainState,
    fee_recipient: bytes,
    *,
    clock: Callable[[], float] = time.time,
) -> PreparedBatch | None:
    """Execute the oldest requests that fit one batch; None when none waits.

    The batch is executed a second time from its input alone, as a prover would, before it is returned.

    Args:
        chain: The chain's contracts.
        chain_id: Its id.
        state: Where it stands.
        fee_recipient: Who gets the requests' fees on the chain, 20 bytes.
        clock: Unix seconds.

    Raises:
        SettlementRefused: The oldest request reads the hash of a block that L1 does not know.
        L1Error: L1 does not answer.
    """
    requests, first = waiting_requests(chain)
    waiting = requests[first : first + BatchSettings().max_priority_operations]
    if not waiting:
        return None
    block = _execute(chain, chain_id, state, fee_recipient, waiting, clock)
    served = tuple(waiting[: len(block.transactions)])
    after = Overlay(state.nodes, block.new_nodes)
    rules = BatchRules(chain_id, chain.link.l1_chain_id, DA_CALLDATA, _MIN_BASE_FEE_WEI)
    built = build_batch(
        rules,
        state.last.batch_number + 1,
        state=after,
        parent=state.header,
        blocks=[BatchBlock.of(block)],
        traces=[ExecutionTrace(block.nodes_read, block.touched)],
        header_at=_no_header,
    )
    if run(built.batch_input, _EXECUTOR).public_input != built.output.public_input:
        raise SettlementRefused("the batch does not come out of its own input as it was built")
    return PreparedBatch(built, served, ChainState(block.header, after, built.output.commit.to_stored()))


def settle(chain: ChainOnL1, chain_id: int, before: ChainState, batch: PreparedBatch, sender: Sender) -> bytes:
    """Commit, prove and execute a batch in one L1 transaction; returns its hash.

    Raises:
        TransactionReverted: L1 refuses it: somebody was faster, or the chain is not in priority mode.
        L1Error: L1 does not answer.
    """
    output = batch.built.output
    _register_origins(chain, chain_id, batch, sender)
    commit, stored = output.commit, output.commit.to_stored()
    requests, first = waiting_requests(chain)
    tree = PriorityTree(request.canonical_hash for request in requests)
    data = encode_call(
        chain.chain,
        "settleBatchesSharedBridge",
        [
            chain.link.zk_chain,
            commit.batch_number,
            commit.batch_number,
            encode_commit(before.last, [_published(batch)]),
            encode_prove(before.last, [stored]),
            encode_execute([stored], [tree.prove_range(first, len(batch.requests))], [output.dependency_roots]),
        ],
    )
    what = f"settlement of batch {commit.batch_number}"
    return sender.transact(chain.link.zk_chain, data, what=what).transaction_hash


def _published(batch: PreparedBatch) -> CommitBatchInfo:
    output = batch.built.output
    return replace(output.commit, operator_da_input=output.pubdata)


def _execute(
    chain: ChainOnL1,
    chain_id: int,
    state: ChainState,
    fee_recipient: bytes,
    waiting: Sequence[PriorityRequest],
    clock: Callable[[], float],
) -> ExecutedBlock:
    """A block of as many of the requests as fit, in order."""
    parent, executor = state.header, make_executor(_EXECUTOR, ChainRules(chain_id))
    context = BlockContext(
        parent=parent,
        timestamp=max(parent.timestamp, chain.head().timestamp, int(clock())),
        fee_recipient=fee_recipient,
        gas_limit=parent.gas_limit,
        base_fee_per_gas=next_base_fee(parent, _MIN_BASE_FEE_WEI),
        block_hashes=AncestorHashes(parent, ()),
        max_pubdata_bytes=BlockSettings().max_pubdata_bytes,
    )
    builder = executor.begin_block(context, state.nodes)
    for request in waiting:
        try:
            (outcome,) = builder.apply([priority_transaction(request.transaction.encode())])
        except BatchInputError as error:
            # The requests before this one can still go; it will be the oldest of the next batch.
            if builder.gas_used:
                break
            raise SettlementRefused(
                f"request {request.priority_id} needs what L1 does not know: {error.message}",
                hint="whoever has the chain's blocks can settle it",
            ) from error
        if not isinstance(outcome, Included):
            break
    return builder.seal()


def _register_origins(chain: ChainOnL1, chain_id: int, batch: PreparedBatch, sender: Sender) -> None:
    """Tell L1 of tokens born on the chain that the batch sends on; without that L1 refuses the batch."""
    flows: Sequence[InteropFlow] = batch.built.output.commit.interop_flows
    for asset_id in chain.unknown_assets(sorted({flow.asset_id for flow in flows})):
        token = _token_of(chain_id, batch.state, asset_id)
        if any(token):
            address, data = chain.register_origin(chain_id, token)
            sender.transact(address, data, what="registration of a token")


def _token_of(chain_id: int, state: ChainState, asset_id: bytes) -> bytes:
    """Address on the chain of the token behind an asset id; zero where the chain's vault knows none."""
    executor = make_executor(_EXECUTOR, ChainRules(chain_id))
    vault = ("L2NativeTokenVault", L2_NATIVE_TOKEN_VAULT)
    return bytes.fromhex(read_contract(executor, state.header, state.nodes, vault, "tokenAddress", [asset_id])[2:])


def _no_header(number: int) -> BlockHeader | None:
    """L1 knows the last header of each batch; what lies between is not published."""
    return None
