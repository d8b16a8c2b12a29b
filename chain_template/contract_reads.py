"""Asking a chain's own contracts, on its state and without its JSON-RPC."""

from collections.abc import Sequence
from typing import Any

from chain_template.executor.interface import BlockContext, CallRequest, Executor, StateView
from chain_template.headers import BlockHeader
from chain_template.primitives import ZERO_ADDRESS
from contracts.abi import decode_result, encode_call
from contracts.artifacts import load


def read_contract(
    executor: Executor,
    header: BlockHeader,
    nodes: StateView,
    contract: tuple[str, bytes],
    function: str,
    args: Sequence[Any],
) -> Any:
    """What a view function answers on the state after a block.

    Args:
        executor: Runs the call.
        header: The block.
        nodes: Trie nodes and codes of its state.
        contract: Name of its artifact, and its address on the chain.
        function: Name of the function.
        args: Its arguments.

    Raises:
        MissingStateNode: ``nodes`` lacks something that the call reads.
    """
    name, address = contract
    artifact = load(name)
    context = BlockContext(
        parent=header,
        timestamp=header.timestamp,
        fee_recipient=header.coinbase,
        gas_limit=header.gas_limit,
        base_fee_per_gas=0,
        block_hashes=(),
    )
    request = CallRequest(ZERO_ADDRESS, address, encode_call(artifact, function, args))
    return decode_result(artifact, function, executor.call(context, header.state_root, nodes, request).output)
