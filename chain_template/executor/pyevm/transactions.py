"""Applying one transaction of each kind to py-evm's state.

A user transaction follows Ethereum's rules. A priority operation (0x7f) brings its own money: what L1 took as
``mintValue`` leaves the holder contract, ``value`` goes with the call, the fee to the fee recipient, and the rest to
the refund recipient, who also gets the value of a failed call. A system transaction (0x7e) is free and must succeed.
"""

from dataclasses import dataclass

import rlp
from eth.abc import ComputationAPI
from eth.constants import CREATE_CONTRACT_ADDRESS
from eth.vm.forks.cancun.state import CancunTransactionExecutor
from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.forks.spurious_dragon._utils import collect_touched_accounts
from eth.vm.message import Message

from chain_template.errors import InvalidBlock
from chain_template.executor.interface import ChainRules
from chain_template.executor.pyevm.state import HubState
from chain_template.primitives import BASE_TOKEN_HOLDER_ADDRESS, int_to_bytes, keccak
from chain_template.transactions.intrinsic import TX_GAS, intrinsic_gas
from chain_template.transactions.types import AccessListEntry, Transaction

#: EIP-3529: at most a fifth of the gas used is refunded.
_MAX_REFUND_QUOTIENT = 5


@dataclass(frozen=True, slots=True)
class Applied:
    """What one transaction did to the state.

    Attributes:
        success: Whether its call succeeded.
        computation: py-evm's record of the call; None when a priority operation could not even start.
    """

    success: bool
    gas_used: int
    computation: ComputationAPI | None


class EvmTransaction:
    """A :class:`Transaction` as py-evm's transaction executor wants to see it."""

    __slots__ = (
        "access_list",
        "data",
        "gas",
        "intrinsic_gas",
        "max_fee_per_gas",
        "max_priority_fee_per_gas",
        "nonce",
        "sender",
        "to",
        "type_id",
        "value",
    )

    def __init__(self, tx: Transaction) -> None:
        self.sender = tx.sender
        self.to = CREATE_CONTRACT_ADDRESS if tx.to is None else tx.to
        self.gas = tx.gas_limit
        self.nonce = tx.nonce
        self.value = tx.value
        self.data = tx.data
        self.type_id = tx.type
        self.max_fee_per_gas = tx.max_fee_per_gas
        self.max_priority_fee_per_gas = tx.max_priority_fee_per_gas
        self.access_list = tuple((entry.address, entry.slots) for entry in tx.access_list)
        self.intrinsic_gas = evm_intrinsic_gas(tx.data, tx.to is None, tx.access_list)


def evm_intrinsic_gas(data: bytes, is_create: bool, access_list: tuple[AccessListEntry, ...]) -> int:
    """Intrinsic gas without EIP-3860's init code words, which py-evm charges inside the call."""
    gas = intrinsic_gas(data, is_create=is_create, access_list=access_list)
    return gas - 2 * ((len(data) + 31) // 32) if is_create else gas


class _UserTransactionExecutor(CancunTransactionExecutor):
    """py-evm's executor without its validation: the block builder has done that, with typed errors."""

    def validate_transaction(self, transaction: object) -> None:
        """Already done."""


def apply_user(state: HubState, tx: Transaction) -> Applied:
    """Execute a signed transaction that has passed validation."""
    adapted = EvmTransaction(tx)
    computation = _UserTransactionExecutor(state)(adapted)
    gas_used = tx.gas_limit - computation.get_gas_remaining()
    gas_used -= min(computation.get_gas_refund(), gas_used // _MAX_REFUND_QUOTIENT)
    return Applied(computation.is_success, gas_used, computation)


def apply_system(state: HubState, tx: Transaction) -> Applied:
    """Execute a system transaction; the caller refuses the block when it fails."""
    gas = tx.gas_limit - intrinsic_gas(tx.data, is_create=False)
    return _message_call(state, tx, gas, value=0)


def apply_priority(state: HubState, tx: Transaction, *, from_holder: bool) -> Applied:
    """Execute an L1→L2 operation. It never raises: one that cannot start fails and gives everything back.

    What is minted pays for gas first, then for the value; what lacks of the value is the sender's own.

    Args:
        state: The block's state.
        tx: The operation.
        from_holder: Take the minted value out of the base token's holder.
    """
    assert tx.priority is not None
    minted, recipient = tx.priority.mint_value, tx.priority.refund_recipient
    if from_holder:
        _take_from_holder(state, minted)
    intrinsic = intrinsic_gas(tx.data, is_create=False)
    gas_bound = tx.gas_limit * tx.max_fee_per_gas
    brought = min(tx.value, max(0, minted - gas_bound))
    affordable = minted >= gas_bound and (brought == tx.value or state.get_balance(tx.sender) >= tx.value - brought)
    if not affordable or tx.gas_limit < max(intrinsic, TX_GAS):
        _credit(state, recipient, minted)
        return Applied(False, 0, None)
    snapshot = state.snapshot()
    _credit(state, tx.sender, brought)
    applied = _message_call(state, tx, tx.gas_limit - intrinsic, value=tx.value)
    if applied.success:
        state.commit(snapshot)
    else:
        state.revert(snapshot)
    fee = applied.gas_used * tx.max_fee_per_gas
    _credit(state, state.coinbase, fee)
    _credit(state, recipient, minted - fee - (brought if applied.success else 0))
    _clear_if_empty(state, tx.sender)
    return applied


def apply_without_call(state: HubState, tx: Transaction, rules: ChainRules) -> Applied:
    """Charge a transaction for all its gas as if its call had failed at once: its pubdata is beyond the limit.

    The outcome does not depend on anything the call did, so a proof needs to show no more than the limit being passed.
    """
    fee = tx.gas_limit * tx.effective_gas_price(state.base_fee)
    if tx.priority is not None:
        if rules.has_base_token_holder:
            _take_from_holder(state, tx.priority.mint_value)
        _credit(state, tx.priority.refund_recipient, tx.priority.mint_value - fee)
    else:
        state.delta_balance(tx.sender, -fee)
        state.increment_nonce(tx.sender)
    burnt = 0 if rules.base_fee_to_coinbase or tx.priority is not None else tx.gas_limit * state.base_fee
    _credit(state, state.coinbase, fee - burnt)
    return Applied(False, tx.gas_limit, None)


def created_address(sender: bytes, nonce: int) -> bytes:
    """Address of the contract that ``sender`` creates with ``nonce`` (Yellow Paper 7)."""
    return keccak(rlp.encode([sender, int_to_bytes(nonce)]))[12:]


def _message_call(state: HubState, tx: Transaction, gas: int, *, value: int) -> Applied:
    """Call ``tx.to`` from ``tx.sender`` as the outermost call, with access lists, refunds and state clearing."""
    assert tx.to is not None
    message = Message(gas=gas, to=tx.to, sender=tx.sender, value=value, data=tx.data, code=state.get_code(tx.to))
    context = CancunTransactionContext(gas_price=tx.max_fee_per_gas, origin=tx.sender)
    state.mark_address_warm(tx.sender)
    state.mark_address_warm(tx.to)
    computation = state.computation_class.apply_message(state, message, context)
    gas_used = tx.gas_limit - computation.get_gas_remaining()
    gas_used -= min(computation.get_gas_refund(), gas_used // _MAX_REFUND_QUOTIENT)
    for address in computation.get_accounts_for_deletion():
        state.delete_account(address)
    for address in collect_touched_accounts(computation):
        _clear_if_empty(state, address)
    state.clear_transient_storage()
    return Applied(computation.is_success, gas_used, computation)


def _take_from_holder(state: HubState, minted: int) -> None:
    """The holder owns all there can ever be, so L1 never mints more."""
    if state.get_balance(BASE_TOKEN_HOLDER_ADDRESS) < minted:
        raise InvalidBlock(f"an L1 operation mints {minted} wei, more than the base token's holder has")
    state.delta_balance(BASE_TOKEN_HOLDER_ADDRESS, -minted)


def _credit(state: HubState, address: bytes, amount: int) -> None:
    """Add wei; nothing at all for zero, so that no empty account comes into being (EIP-161)."""
    if amount:
        state.delta_balance(address, amount)


def _clear_if_empty(state: HubState, address: bytes) -> None:
    """EIP-161: an empty account that was touched does not stay."""
    if state.account_exists(address) and state.account_is_empty(address):
        state.delete_account(address)
