"""ZK Stack's own transaction type 0x71, in its smallest form: a plain call that an account signed as EIP-712 data.

Encoding: ``0x71 ‖ rlp([nonce, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value, data, chainId, "", "", chainId,
from, gasPerPubdata, factoryDeps, customSignature, paymasterParams])``; the hash is keccak(digest ‖ keccak(signature)).
What makes it more than a type-2 transaction elsewhere (paymasters, factory dependencies, signatures of smart accounts)
does not exist here, and is refused by name.
"""

from dataclasses import replace
from typing import Any, Final

from chain_template.errors import InvalidSignature, TransactionDecodeError, UnsupportedTransactionType
from chain_template.primitives import keccak, to_int
from chain_template.transactions.fields import check_chain, read_bytes, read_list, read_to, read_uint, read_uint64
from chain_template.transactions.signatures import recover_sender
from chain_template.transactions.types import EIP712_TYPE, Signature, Transaction

_ITEMS: Final = 16
_SIGNATURE_BYTES: Final = 65
_DOMAIN_TYPE: Final = keccak(b"EIP712Domain(string name,string version,uint256 chainId)")
_DOMAIN_NAME: Final = keccak(b"zkSync")
_DOMAIN_VERSION: Final = keccak(b"2")
_TRANSACTION_TYPE: Final = keccak(
    b"Transaction(uint256 txType,uint256 from,uint256 to,uint256 gasLimit,uint256 gasPerPubdataByteLimit,"
    b"uint256 maxFeePerGas,uint256 maxPriorityFeePerGas,uint256 paymaster,uint256 nonce,uint256 value,bytes data,"
    b"bytes32[] factoryDeps,bytes paymasterInput)"
)
_EMPTY: Final = keccak(b"")


def decode_eip712(raw: bytes, chain_id: int, *, is_checked: bool = False) -> Transaction:
    """Decode a 0x71 transaction; its sender is the ``from`` that it names, and that must have signed it.

    Args:
        raw: EIP-2718 bytes, type byte included.
        chain_id: The chain it must be signed for.
        is_checked: Whether the signature was checked before, so that it need not be again.

    Raises:
        TransactionDecodeError: The bytes are not a canonical transaction of this form, or there is no recipient.
        UnsupportedTransactionType: It asks for a paymaster or for factory dependencies.
        WrongChainId: It was signed for another chain.
        InvalidSignature: The signature is malformed, or another account's.
    """
    fields = read_list(raw[1:], _ITEMS)
    _check_chain_items(fields, chain_id)
    _check_extras(fields[13], fields[15])
    to, sender = read_to(fields[4]), read_bytes(fields[11], "from")
    if to is None:
        raise TransactionDecodeError(
            "a 0x71 transaction needs a recipient; contracts are created with type 2", field="to"
        )
    if len(sender) != 20:
        raise TransactionDecodeError(f"from has {len(sender)} bytes; expected 20", field="from")
    signed = read_bytes(fields[14], "customSignature")
    signature = _signature(signed)
    transaction = Transaction(
        type=EIP712_TYPE,
        hash=b"",
        raw=raw,
        sender=sender,
        to=to,
        nonce=read_uint64(fields[0], "nonce"),
        chain_id=chain_id,
        gas_limit=read_uint64(fields[3], "gasLimit"),
        max_fee_per_gas=read_uint(fields[2], "maxFeePerGas"),
        max_priority_fee_per_gas=read_uint(fields[1], "maxPriorityFeePerGas"),
        value=read_uint(fields[5], "value"),
        data=read_bytes(fields[6], "data"),
        signature=signature,
    )
    digest = signing_digest(transaction, chain_id, gas_per_pubdata=read_uint(fields[12], "gasPerPubdata"))
    if not is_checked and recover_sender(digest, signature) != sender:
        raise InvalidSignature(
            f"the signature is not that of 0x{sender.hex()}; accounts that are contracts cannot sign here"
        )
    return replace(transaction, hash=keccak(digest + keccak(signed)))


def signing_digest(tx: Transaction, chain_id: int, *, gas_per_pubdata: int) -> bytes:
    """What the account signs: the EIP-712 hash over domain ("zkSync", "2", chain id) and the transaction's fields."""
    assert tx.to is not None
    domain = keccak(_DOMAIN_TYPE + _DOMAIN_NAME + _DOMAIN_VERSION + _word(chain_id))
    no_paymaster = 0
    words = (
        EIP712_TYPE,
        to_int(tx.sender),
        to_int(tx.to),
        tx.gas_limit,
        gas_per_pubdata,
        tx.max_fee_per_gas,
        tx.max_priority_fee_per_gas,
        no_paymaster,
        tx.nonce,
        tx.value,
    )
    # No factory dependencies and no paymaster input: the hash of nothing stands for both.
    encoded = _TRANSACTION_TYPE + b"".join(map(_word, words)) + keccak(tx.data) + _EMPTY + _EMPTY
    return keccak(b"\x19\x01" + domain + keccak(encoded))


def _check_chain_items(fields: list[Any], chain_id: int) -> None:
    """Items 7 to 10 are the chain id, two empty strings and the chain id again in what clients send."""
    check_chain(read_uint(fields[7], "chainId"), chain_id)
    check_chain(read_uint(fields[10], "chainId"), chain_id)
    if fields[8] != b"" or fields[9] != b"":
        raise TransactionDecodeError("items 8 and 9 must be empty: the signature is item 14", field="signature")


def _check_extras(factory_deps: Any, paymaster_params: Any) -> None:
    if factory_deps != []:
        raise UnsupportedTransactionType(
            "factory dependencies are not supported: contracts are created with type 2", type=EIP712_TYPE
        )
    if paymaster_params != []:
        raise UnsupportedTransactionType("paymasters are not supported by this chain", type=EIP712_TYPE)


def _signature(signed: bytes) -> Signature:
    if len(signed) != _SIGNATURE_BYTES:
        raise InvalidSignature(
            f"customSignature has {len(signed)} bytes; expected {_SIGNATURE_BYTES}, "
            "as signatures of smart accounts are not supported"
        )
    v = signed[64]
    if v not in (27, 28):
        raise InvalidSignature(f"v is {v}; expected 27 or 28", v=v)
    return Signature(v - 27, to_int(signed[:32]), to_int(signed[32:64]))


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
