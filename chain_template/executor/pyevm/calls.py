"""Calls that leave no trace: ``eth_call`` and what gas estimation is made of."""

from collections.abc import Mapping

from eth.abc import ComputationAPI
from eth.exceptions import Revert
from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.message import Message

from chain_template.executor.interface import CallRequest, CallResult, StateOverride
from chain_template.executor.pyevm.errors import describe
from chain_template.executor.pyevm.state import HubState
from chain_template.executor.pyevm.transactions import created_address, evm_intrinsic_gas
from chain_template.executor.refusals import check_call, funds_error

_MAX_REFUND_QUOTIENT = 5


def apply_overrides(state: HubState, overrides: Mapping[bytes, StateOverride]) -> None:
    """Put geth's state overrides in force."""
    for address, override in overrides.items():
        if override.balance is not None:
            state.set_balance(address, override.balance)
        if override.nonce is not None:
            state.set_nonce(address, override.nonce)
        if override.code is not None:
            state.set_code(address, override.code)
        if override.state is not None:
            state.delete_storage(address)
        for slot, value in {**(override.state or {}), **(override.state_diff or {})}.items():
            state.set_storage(address, slot, value)
    # Original values (EIP-2200) are those after the overrides.
    state.lock_changes()


def call(state: HubState, request: CallRequest, gas_limit: int) -> CallResult:
    """Run a message call.

    Args:
        state: Thrown away afterwards.
        request: The call.
        gas_limit: What the call may use when it names no limit.

    Raises:
        InsufficientFunds: The sender cannot pay value plus gas at the price named.
        IntrinsicGasTooLow: The limit does not cover the call's own cost.
        TransactionTooLarge: The init code is too long (EIP-3860).
    """
    gas = gas_limit if request.gas_limit is None else min(request.gas_limit, gas_limit)
    check_call(request, gas)
    cost = gas * request.gas_price + request.value
    poor = funds_error(request.sender, balance=state.get_balance(request.sender), cost=cost)
    if poor is not None:
        raise poor
    computation = run(state, request, gas)
    used = gas - computation.get_gas_remaining()
    if computation.is_success:
        used -= min(computation.get_gas_refund(), used // _MAX_REFUND_QUOTIENT)
    error = None if computation.is_success else computation.error
    return CallResult(
        output=computation.output,
        gas_used=used,
        error=None if error is None else describe(error),
        reverted=isinstance(error, Revert),
        created=computation.msg.storage_address if request.to is None and error is None else None,
    )


def run(state: HubState, request: CallRequest, gas: int) -> ComputationAPI:
    """Execute the call as the outermost one, its gas bought if it names a price."""
    is_create = request.to is None
    nonce = state.get_nonce(request.sender)
    if request.gas_price:
        state.delta_balance(request.sender, -gas * request.gas_price)
    state.increment_nonce(request.sender)
    created = created_address(request.sender, nonce) if is_create else None
    message = Message(
        gas=gas - evm_intrinsic_gas(request.data, is_create, request.access_list),
        to=b"" if request.to is None else request.to,
        sender=request.sender,
        value=request.value,
        data=b"" if is_create else request.data,
        code=request.data if request.to is None else state.get_code(request.to),
        create_address=created,
    )
    state.mark_address_warm(request.sender)
    state.mark_address_warm(message.storage_address)
    for entry in request.access_list:
        state.mark_address_warm(entry.address)
        for slot in entry.slots:
            state.mark_storage_warm(entry.address, slot)
    context = CancunTransactionContext(gas_price=request.gas_price, origin=request.sender)
    kind = state.computation_class
    apply = kind.apply_create_message if is_create else kind.apply_message
    return apply(state, message, context)
