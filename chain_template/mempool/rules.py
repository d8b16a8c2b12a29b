"""What a transaction must satisfy to enter the pool.

The first words of each message are geth's, because clients match on them.
"""

from typing import Final

from chain_template.config import MempoolSettings
from chain_template.errors import (
    FeeTooLow,
    GasLimitTooHigh,
    InsufficientFunds,
    IntrinsicGasTooLow,
    NonceTooHigh,
    NonceTooLow,
    ReplacementUnderpriced,
    TransactionTooLarge,
    UnsupportedTransactionType,
    WrongChainId,
)
from chain_template.mempool.queue import SenderQueue
from chain_template.transactions.intrinsic import MAX_INIT_CODE_BYTES, intrinsic_gas
from chain_template.transactions.types import Transaction

#: EIP-2681: no account may use this nonce.
_NONCE_END: Final = (1 << 64) - 1


def check_itself(
    transaction: Transaction, settings: MempoolSettings, *, chain_id: int, block_gas_limit: int, min_base_fee_wei: int
) -> None:
    """What can be said of a transaction without knowing its account."""
    if not transaction.is_user:
        raise UnsupportedTransactionType(f"transaction type 0x{transaction.type:02x} is not taken from users")
    if transaction.chain_id not in (None, chain_id):
        raise WrongChainId(f"the transaction is for chain {transaction.chain_id}, this is chain {chain_id}")
    size, most = len(transaction.raw), settings.max_transaction_bytes
    if size > most:
        raise TransactionTooLarge(f"oversized data: transaction size {size}, limit {most}", size=size)
    is_create = transaction.to is None
    if is_create and len(transaction.data) > MAX_INIT_CODE_BYTES:
        raise TransactionTooLarge(
            f"max initcode size exceeded: code size {len(transaction.data)}, limit {MAX_INIT_CODE_BYTES}"
        )
    if transaction.gas_limit > block_gas_limit:
        raise GasLimitTooHigh(
            f"exceeds block gas limit: gas {transaction.gas_limit}, block gas limit {block_gas_limit}"
        )
    cap, tip = transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas
    if tip > cap:
        raise FeeTooLow(
            f"max priority fee per gas higher than max fee per gas: address {hex_of(transaction.sender)}, "
            f"maxPriorityFeePerGas: {tip}, maxFeePerGas: {cap}"
        )
    needed = intrinsic_gas(transaction.data, is_create=is_create, access_list=transaction.access_list)
    if transaction.gas_limit < needed:
        raise IntrinsicGasTooLow(
            f"intrinsic gas too low: gas {transaction.gas_limit}, minimum needed {needed}", needed=needed
        )
    if cap < min_base_fee_wei:
        raise FeeTooLow(
            f"max fee per gas less than block base fee: address {hex_of(transaction.sender)}, "
            f"maxFeePerGas: {cap}, baseFee: {min_base_fee_wei} (the chain's minimum)"
        )


def check_account(
    transaction: Transaction, held: SenderQueue | None, settings: MempoolSettings, *, account_nonce: int, balance: int
) -> None:
    """What depends on the sender: nonce, replacement and balance.

    Args:
        transaction: The newcomer.
        held: The sender's other transactions.
        settings: Nonce gap and replacement bump.
        account_nonce: The sender's nonce after the head block, no lower than ``held`` knows it.
        balance: The sender's balance there, wei.

    Raises:
        TransactionError: The newcomer must be refused.
    """
    nonce = transaction.nonce
    if nonce < account_nonce:
        raise NonceTooLow(f"nonce too low: next nonce {account_nonce}, tx nonce {nonce}", next_nonce=account_nonce)
    if nonce >= _NONCE_END:
        raise NonceTooHigh(f"nonce has max value: tx nonce {nonce}")
    following = held.first_gap(account_nonce) if held else account_nonce
    if nonce > following + settings.max_nonce_gap:
        raise NonceTooHigh(
            f"nonce too high: next nonce {following}, tx nonce {nonce}; the pool holds up to "
            f"{settings.max_nonce_gap} ahead",
            next_nonce=following,
        )
    replaced = held.entries.get(nonce) if held else None
    if replaced is not None:
        check_replacement(replaced.transaction, transaction, settings.replacement_bump_percent)
    others = held.cost_from(account_nonce) if held else 0
    others -= replaced.transaction.max_cost if replaced else 0
    if balance < others + transaction.max_cost:
        raise InsufficientFunds(
            f"insufficient funds for gas * price + value: balance {balance}, queued cost {others}, "
            f"tx cost {transaction.max_cost}, overshot {others + transaction.max_cost - balance}"
        )


def check_replacement(old: Transaction, new: Transaction, bump_percent: int) -> None:
    """A replacement has to raise both the cap and the tip by the bump."""
    percent = 100 + bump_percent
    wanted_cap = -(-old.max_fee_per_gas * percent // 100)
    wanted_tip = -(-old.max_priority_fee_per_gas * percent // 100)
    if new.max_fee_per_gas < wanted_cap or new.max_priority_fee_per_gas < wanted_tip:
        raise ReplacementUnderpriced(
            f"replacement transaction underpriced: nonce {new.nonce} needs maxFeePerGas {wanted_cap} and "
            f"maxPriorityFeePerGas {wanted_tip}, got {new.max_fee_per_gas} and {new.max_priority_fee_per_gas}",
            wanted_fee=wanted_cap,
            wanted_tip=wanted_tip,
        )


def hex_of(data: bytes) -> str:
    """As messages show bytes."""
    return f"0x{data.hex()}"
