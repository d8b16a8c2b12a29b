"""What a user transaction must satisfy to enter a block (Ethereum's rules, geth's words), for every executor."""

from chain_template.errors import (
    FeeTooLow,
    GasLimitTooHigh,
    InsufficientFunds,
    IntrinsicGasTooLow,
    NonceTooHigh,
    NonceTooLow,
    SenderHasCode,
    TransactionError,
    TransactionTooLarge,
)
from chain_template.executor.interface import CallRequest
from chain_template.transactions.intrinsic import MAX_INIT_CODE_BYTES, intrinsic_gas
from chain_template.transactions.types import Transaction

#: EIP-2681: an account's nonce never reaches 2^64 − 1.
_NONCE_LIMIT = (1 << 64) - 1


def static_error(tx: Transaction, base_fee_per_gas: int) -> TransactionError | None:
    """The first rule broken that needs no state, or None."""
    if tx.max_priority_fee_per_gas > tx.max_fee_per_gas:
        return FeeTooLow(
            f"max priority fee per gas higher than max fee per gas: "
            f"{tx.max_priority_fee_per_gas} > {tx.max_fee_per_gas}"
        )
    if tx.max_fee_per_gas < base_fee_per_gas:
        return FeeTooLow(
            f"max fee per gas less than block base fee: {tx.max_fee_per_gas} < {base_fee_per_gas}",
            base_fee=base_fee_per_gas,
        )
    if tx.to is None and len(tx.data) > MAX_INIT_CODE_BYTES:
        return TransactionTooLarge(f"max initcode size exceeded: {len(tx.data)} > {MAX_INIT_CODE_BYTES} bytes")
    needed = intrinsic_gas(tx.data, is_create=tx.to is None, access_list=tx.access_list)
    if tx.gas_limit < needed:
        return IntrinsicGasTooLow(f"intrinsic gas too low: have {tx.gas_limit}, want {needed}")
    return None


def state_error(tx: Transaction, *, nonce: int, has_code: bool, balance: int) -> TransactionError | None:
    """The first rule broken by the sender's account, or None.

    Args:
        tx: The transaction.
        nonce: The account's.
        has_code: Whether the account is a contract.
        balance: The account's, in wei.
    """
    who = f"address 0x{tx.sender.hex()}"
    if tx.nonce < nonce:
        return NonceTooLow(f"nonce too low: {who}, tx: {tx.nonce} state: {nonce}", expected=nonce)
    if tx.nonce > nonce:
        return NonceTooHigh(f"nonce too high: {who}, tx: {tx.nonce} state: {nonce}", expected=nonce)
    if nonce + 1 >= _NONCE_LIMIT:
        return NonceTooHigh(f"nonce has max value: {who}, nonce: {nonce}")
    if has_code:
        return SenderHasCode(f"sender not an eoa: {who} has code")
    return funds_error(tx.sender, balance=balance, cost=tx.max_cost)


def funds_error(sender: bytes, *, balance: int, cost: int) -> InsufficientFunds | None:
    """Set when ``sender`` cannot pay ``cost`` wei."""
    if balance >= cost:
        return None
    return InsufficientFunds(
        f"insufficient funds for gas * price + value: address 0x{sender.hex()} have {balance} want {cost}",
        balance=balance,
        cost=cost,
    )


def block_gas_error(tx: Transaction, gas_used: int, gas_limit: int) -> GasLimitTooHigh | None:
    """Set when the transaction does not fit what is left of the block's gas."""
    if tx.gas_limit > gas_limit - gas_used:
        return GasLimitTooHigh(
            f"exceeds block gas limit: have {tx.gas_limit}, left {gas_limit - gas_used} of {gas_limit}"
        )
    return None


def block_pubdata_error() -> GasLimitTooHigh:
    """For a transaction whose pubdata does not fit the block any more."""
    return GasLimitTooHigh("exceeds what is left of the block's pubdata")


def check_call(request: CallRequest, gas: int) -> None:
    """Refuse a call that no state could save.

    Args:
        request: The call.
        gas: What it may use.

    Raises:
        IntrinsicGasTooLow: ``gas`` does not cover the call's own cost.
        TransactionTooLarge: The init code is too long (EIP-3860).
    """
    if request.to is None and len(request.data) > MAX_INIT_CODE_BYTES:
        raise TransactionTooLarge(f"max initcode size exceeded: {len(request.data)} > {MAX_INIT_CODE_BYTES} bytes")
    needed = intrinsic_gas(request.data, is_create=request.to is None, access_list=request.access_list)
    if gas < needed:
        raise IntrinsicGasTooLow(f"intrinsic gas too low: have {gas}, want {needed}")
