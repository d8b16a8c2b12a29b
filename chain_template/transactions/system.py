"""System transactions (type 0x7e): what the sequencer itself tells the chain's system contracts.

Encoding: ``0x7e ‖ rlp([chainId, blockNumber, to, gasLimit, data])``; the hash is keccak of it. The sender is the
bootloader, the price is zero, and it may call system contracts only (addresses below 2^17).
"""

from typing import Final

import rlp

from chain_template.errors import TransactionDecodeError, WrongChainId
from chain_template.primitives import BOOTLOADER_ADDRESS, int_to_bytes, keccak, to_int
from chain_template.transactions.types import SYSTEM_TYPE, Transaction

#: Addresses below this belong to the system (0x8001 … 0x1ffff).
SYSTEM_ADDRESS_BOUND: Final = 1 << 17
SYSTEM_GAS_LIMIT: Final = 30_000_000


def system_transaction(
    chain_id: int, block_number: int, to: bytes, data: bytes, gas_limit: int = SYSTEM_GAS_LIMIT
) -> Transaction:
    """Make a system transaction for a block.

    Raises:
        TransactionDecodeError: ``to`` is not a system contract.
    """
    raw = bytes([SYSTEM_TYPE]) + rlp.encode(
        [int_to_bytes(chain_id), int_to_bytes(block_number), to, int_to_bytes(gas_limit), data]
    )
    return decode_system_transaction(raw, chain_id)


def decode_system_transaction(raw: bytes, chain_id: int) -> Transaction:
    """Read a system transaction.

    Raises:
        TransactionDecodeError: It is malformed or calls something else than a system contract.
        WrongChainId: It is another chain's.
    """
    if raw[:1] != bytes([SYSTEM_TYPE]):
        raise TransactionDecodeError("not a system transaction")
    try:
        fields = rlp.decode(raw[1:])
    except rlp.exceptions.DecodingError as exc:
        raise TransactionDecodeError(f"system transaction is not RLP: {exc}") from exc
    if not isinstance(fields, list) or len(fields) != 5 or not all(isinstance(f, bytes) for f in fields):
        raise TransactionDecodeError("system transaction does not have 5 fields")
    signed_for, number, to, gas_limit = to_int(fields[0]), to_int(fields[1]), fields[2], to_int(fields[3])
    if signed_for != chain_id:
        raise WrongChainId(f"system transaction is for chain {signed_for}, this is chain {chain_id}")
    if len(to) != 20 or to_int(to) >= SYSTEM_ADDRESS_BOUND:
        raise TransactionDecodeError(f"system transaction calls 0x{to.hex()}, which is not a system contract")
    return Transaction(
        type=SYSTEM_TYPE,
        hash=keccak(raw),
        raw=raw,
        sender=BOOTLOADER_ADDRESS,
        to=to,
        nonce=number,
        chain_id=signed_for,
        gas_limit=gas_limit,
        max_fee_per_gas=0,
        max_priority_fee_per_gas=0,
        value=0,
        data=fields[4],
    )
