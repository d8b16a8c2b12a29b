"""Calls that leave no trace, with the C sources."""

from collections.abc import Mapping
from typing import Final

from chain_template.executor.interface import BlockContext, CallRequest, CallResult, ChainRules, StateOverride
from chain_template.executor.native.words import Status, describe, error_of
from chain_template.executor.refusals import check_call, funds_error
from chain_template.transactions.intrinsic import intrinsic_gas
from zkvm import _evm

_MAX_REFUND_QUOTIENT: Final = 5
_MAX_U256: Final = (1 << 256) - 1

Wish = tuple[int, int, int, int, float | None]


def call(
    engine: _evm.Engine,
    nodes: _evm.Nodes,
    rules: ChainRules,
    context: BlockContext,
    state_root: bytes,
    request: CallRequest,
    overrides: Mapping[bytes, StateOverride],
    wish: Wish,
    most_steps: int,
) -> tuple[CallResult, bytes]:
    """Run a message call; returns what came of it and what was seen of it.

    Args:
        engine: Lends the memory.
        nodes: The state.
        rules: Of the chain.
        context: The block to run in.
        state_root: The state to run on.
        request: The call.
        overrides: Changes to the state beforehand.
        wish: What to look at.
        most_steps: For the message when it has more.

    Raises:
        InsufficientFunds: The sender cannot pay value plus gas at the price named.
        IntrinsicGasTooLow: The limit does not cover the call's own cost.
        TransactionTooLarge: The init code is too long (EIP-3860).
    """
    gas = context.gas_limit if request.gas_limit is None else min(request.gas_limit, context.gas_limit)
    check_call(request, gas)
    cost = gas * request.gas_price + request.value
    intrinsic = intrinsic_gas(request.data, is_create=request.to is None, access_list=request.access_list)
    try:
        answer = engine.call(
            nodes,
            context.block_hashes,
            (
                context.number,
                context.timestamp,
                context.gas_limit,
                context.fee_recipient,
                _word(context.base_fee_per_gas),
                context.mix_hash,
                rules.chain_id,
            ),
            state_root,
            (
                request.sender,
                request.to,
                request.data,
                _word(min(request.value, _MAX_U256)),
                gas - intrinsic,
                _word(request.gas_price),
                _word(min(cost, _MAX_U256)),
                _word(min(gas * request.gas_price, _MAX_U256)),
            ),
            [_override(address, override) for address, override in overrides.items()],
            [(entry.address, b"".join(map(_word, entry.slots))) for entry in request.access_list],
            wish,
        )
    except _evm.Failure as failure:
        raise error_of(failure, most_steps) from None
    if isinstance(answer, int):
        poor = funds_error(request.sender, balance=answer, cost=cost)
        assert poor is not None
        raise poor
    status, opcode, place, gas_left, refund, output, created, seen = answer
    used = gas - gas_left
    if status == Status.SUCCESS:
        used -= min(refund, used // _MAX_REFUND_QUOTIENT)
    result = CallResult(
        output=output,
        gas_used=used,
        error=None if status == Status.SUCCESS else describe(status, opcode, place),
        reverted=status == Status.REVERT,
        created=created if request.to is None and status == Status.SUCCESS else None,
    )
    return result, seen


def _override(
    address: bytes, override: StateOverride
) -> tuple[bytes, bytes | None, int | None, bytes | None, bool, list[tuple[bytes, bytes]]]:
    slots = {**(override.state or {}), **(override.state_diff or {})}
    return (
        address,
        None if override.balance is None else _word(override.balance),
        override.nonce,
        override.code,
        override.state is not None,
        [(_word(slot), _word(value)) for slot, value in slots.items()],
    )


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")
