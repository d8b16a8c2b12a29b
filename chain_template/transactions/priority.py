"""L1→L2 priority operations (type 0x7f).

The bytes of one are the type byte and ``abi.encode(L2CanonicalTransaction)`` exactly as the chain's L1 contract hashed
it, so its hash is keccak of the payload and anyone can check it against L1 (ZK Stack: Mailbox, Messaging.sol).
"""

from typing import Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from chain_template.errors import TransactionDecodeError
from chain_template.primitives import keccak
from chain_template.transactions.types import PRIORITY_TYPE, PriorityFields, Transaction

#: L2CanonicalTransaction of ZK Stack's Messaging.sol.
CANONICAL_ABI: Final = (
    "(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,"
    "uint256[4],bytes,bytes,uint256[],bytes,bytes)"
)
_UINT64_MAX: Final = (1 << 64) - 1


def priority_transaction(canonical: bytes) -> Transaction:
    """The transaction behind an L1 operation's ``abi.encode(L2CanonicalTransaction)``.

    Raises:
        TransactionDecodeError: The bytes are not such an encoding, or a field has a value that L1 never writes.
    """
    try:
        (fields,) = decode([CANONICAL_ABI], canonical)
    except (DecodingError, OverflowError) as exc:
        raise TransactionDecodeError(f"priority operation is not ABI-encoded: {exc}") from exc
    if encode([CANONICAL_ABI], [fields]) != canonical:
        raise TransactionDecodeError("priority operation is not in canonical ABI form")
    _check_constants(fields)
    _check_sizes(fields)
    reserved = fields[10]
    return Transaction(
        type=PRIORITY_TYPE,
        hash=keccak(canonical),
        raw=bytes([PRIORITY_TYPE]) + canonical,
        sender=_address(fields[1], "from"),
        to=_address(fields[2], "to"),
        nonce=fields[8],
        chain_id=None,
        gas_limit=fields[3],
        max_fee_per_gas=fields[5],
        max_priority_fee_per_gas=fields[6],
        value=fields[9],
        data=fields[11],
        priority=PriorityFields(
            operation_id=fields[8],
            mint_value=reserved[0],
            refund_recipient=_address(reserved[1], "refundRecipient"),
            gas_per_pubdata=fields[4],
        ),
    )


def decode_priority_transaction(raw: bytes) -> Transaction:
    """Decode the stored form, type byte included.

    Raises:
        TransactionDecodeError: It is not one.
    """
    if raw[:1] != bytes([PRIORITY_TYPE]):
        raise TransactionDecodeError("not a priority operation")
    return priority_transaction(raw[1:])


def _check_sizes(fields: tuple[object, ...]) -> None:
    """Refuse what no counter and no block can hold."""
    for name, value in (("gasLimit", fields[3]), ("nonce", fields[8])):
        assert isinstance(value, int)
        if value > _UINT64_MAX:
            raise TransactionDecodeError(f"{name} of a priority operation is {value}; the most is 2^64 - 1")


def _check_constants(fields: tuple[object, ...]) -> None:
    """Refuse what the mailbox never produces, so that no second encoding of an operation exists."""
    reserved = fields[10]
    assert isinstance(reserved, tuple)
    constants = {
        "txType": fields[0] == PRIORITY_TYPE,
        "maxPriorityFeePerGas": fields[6] == 0,
        "paymaster": fields[7] == 0,
        "reserved": reserved[2] == 0 and reserved[3] == 0,
        "signature": fields[12] == b"",
        "paymasterInput": fields[14] == b"",
        "reservedDynamic": fields[15] == b"",
    }
    for name, holds in constants.items():
        if not holds:
            raise TransactionDecodeError(f"priority operation has an unexpected {name}", field=name)


def _address(value: int, name: str) -> bytes:
    if value >> 160:
        raise TransactionDecodeError(f"priority operation's {name} is not an address", field=name)
    return value.to_bytes(20, "big")
