"""Type 0x71: its digest against eth_account's EIP-712, one encoding of each, refusals, and a block that runs it."""

from typing import Any

import pytest
import rlp
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from hypothesis import given
from hypothesis import strategies as st

from chain_template.errors import (
    InvalidSignature,
    TransactionDecodeError,
    TransactionError,
    UnsupportedTransactionType,
    WrongChainId,
)
from chain_template.executor.interface import ChainRules, Included, Rejected
from chain_template.primitives import int_to_bytes, keccak
from chain_template.transactions import Transaction, decode_transaction
from chain_template.transactions.eip712 import signing_digest
from chain_template.transactions.signatures import SECP256K1_N
from chain_template.transactions.stored import decode_block_transaction
from contracts.genesis import GenesisAccount
from tests.support import CHAIN_ID, ETHER, GWEI, KEYS, Bench, address_of

TO = b"\x11" * 20
_FIELDS = (
    ("txType", "uint256"),
    ("from", "uint256"),
    ("to", "uint256"),
    ("gasLimit", "uint256"),
    ("gasPerPubdataByteLimit", "uint256"),
    ("maxFeePerGas", "uint256"),
    ("maxPriorityFeePerGas", "uint256"),
    ("paymaster", "uint256"),
    ("nonce", "uint256"),
    ("value", "uint256"),
    ("data", "bytes"),
    ("factoryDeps", "bytes32[]"),
    ("paymasterInput", "bytes"),
)
_DOMAIN = (("name", "string"), ("version", "string"), ("chainId", "uint256"))


def typed_data(fields: dict[str, Any], chain_id: int) -> dict[str, Any]:
    """What a wallet is asked to sign, for eth_account."""
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN],
            "Transaction": [{"name": name, "type": kind} for name, kind in _FIELDS],
        },
        "primaryType": "Transaction",
        "domain": {"name": "zkSync", "version": "2", "chainId": chain_id},
        "message": {"txType": 113, "paymaster": 0, "factoryDeps": [], "paymasterInput": b""} | fields,
    }


def message(sender: bytes, **changes: Any) -> dict[str, Any]:
    base = {
        "from": int.from_bytes(sender, "big"),
        "to": int.from_bytes(TO, "big"),
        "gasLimit": 100_000,
        "gasPerPubdataByteLimit": 50_000,
        "maxFeePerGas": 2 * GWEI,
        "maxPriorityFeePerGas": 2 * GWEI,
        "nonce": 0,
        "value": 7,
        "data": b"\x01\x02",
    }
    return base | changes


def sign_0x71(
    account: LocalAccount, *, chain_id: int = CHAIN_ID, replaced: dict[int, Any] | None = None, **changes: Any
) -> bytes:
    """A 0x71 transaction as clients make it; ``replaced`` items are put in after signing."""
    fields = message(address_of(account), **changes)
    signed = account.sign_message(encode_typed_data(full_message=typed_data(fields, chain_id)))
    items: list[Any] = [
        int_to_bytes(fields["nonce"]),
        int_to_bytes(fields["maxPriorityFeePerGas"]),
        int_to_bytes(fields["maxFeePerGas"]),
        int_to_bytes(fields["gasLimit"]),
        fields["to"].to_bytes(20, "big"),
        int_to_bytes(fields["value"]),
        fields["data"],
        int_to_bytes(chain_id),
        b"",
        b"",
        int_to_bytes(chain_id),
        fields["from"].to_bytes(20, "big"),
        int_to_bytes(fields["gasPerPubdataByteLimit"]),
        [],
        bytes(signed.signature),
        [],
    ]
    for at, value in (replaced or {}).items():
        items[at] = value
    return b"\x71" + bytes(rlp.encode(items))


def test_decodes_what_clients_sign() -> None:
    raw = sign_0x71(KEYS[0], nonce=3)
    tx = decode_transaction(raw, CHAIN_ID)
    assert (tx.type, tx.sender, tx.to, tx.nonce, tx.value, tx.data) == (
        0x71,
        address_of(KEYS[0]),
        TO,
        3,
        7,
        b"\x01\x02",
    )
    assert (tx.gas_limit, tx.max_fee_per_gas, tx.max_priority_fee_per_gas) == (100_000, 2 * GWEI, 2 * GWEI)
    assert (tx.raw, tx.is_user, tx.chain_id) == (raw, True, CHAIN_ID)
    signature = rlp.decode(raw[1:])[14]
    assert tx.hash == keccak(signing_digest(tx, CHAIN_ID, gas_per_pubdata=50_000) + keccak(signature))
    assert decode_block_transaction(raw, CHAIN_ID, sender=tx.sender) == tx


UINT64 = st.integers(0, 2**64 - 1)
UINT256 = st.integers(0, 2**256 - 1)


@given(
    sender=st.binary(min_size=20, max_size=20),
    to=st.binary(min_size=20, max_size=20),
    nonce=UINT64,
    gas=UINT64,
    fees=st.tuples(UINT256, UINT256, UINT256, UINT256),
    data=st.binary(max_size=100),
    chain_id=st.integers(1, 2**48),
)
def test_the_digest_is_eth_accounts(
    sender: bytes, to: bytes, nonce: int, gas: int, fees: tuple[int, int, int, int], data: bytes, chain_id: int
) -> None:
    cap, tip, value, per_pubdata = fees
    tx = Transaction(0x71, b"", b"", sender, to, nonce, chain_id, gas, cap, tip, value, data)
    shown = message(
        sender, to=int.from_bytes(to, "big"), gasLimit=gas, gasPerPubdataByteLimit=per_pubdata, maxFeePerGas=cap,
        maxPriorityFeePerGas=tip, nonce=nonce, value=value, data=data,
    )  # fmt: skip
    signable = encode_typed_data(full_message=typed_data(shown, chain_id))
    expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
    assert signing_digest(tx, chain_id, gas_per_pubdata=per_pubdata) == expected


_SIGNATURE = rlp.decode(sign_0x71(KEYS[0])[1:])[14]


@pytest.mark.parametrize(
    ("replaced", "error", "words"),
    [
        ({4: b""}, TransactionDecodeError, "needs a recipient"),
        ({4: b"\x11" * 19}, TransactionDecodeError, "19 bytes"),
        ({7: b"\x01"}, WrongChainId, "signed for chain 1"),
        ({10: b"\x01"}, WrongChainId, "signed for chain 1"),
        ({8: b"\x01"}, TransactionDecodeError, "must be empty"),
        ({9: [b"\x01"]}, TransactionDecodeError, "must be empty"),
        ({11: b"\x11" * 21}, TransactionDecodeError, "21 bytes"),
        ({11: address_of(KEYS[1])}, InvalidSignature, "is not that of"),
        ({13: [b"\x00" * 32]}, UnsupportedTransactionType, "factory dependencies"),
        ({13: b""}, UnsupportedTransactionType, "factory dependencies"),
        ({15: [b"\x11" * 20, b"\x12"]}, UnsupportedTransactionType, "paymasters"),
        ({15: b""}, UnsupportedTransactionType, "paymasters"),
        ({14: _SIGNATURE[:64]}, InvalidSignature, "64 bytes"),
        ({14: b""}, InvalidSignature, "smart accounts"),
        ({14: _SIGNATURE + b"\x00"}, InvalidSignature, "66 bytes"),
        ({14: _SIGNATURE[:64] + b"\x00"}, InvalidSignature, "v is 0"),
        ({14: [_SIGNATURE]}, TransactionDecodeError, "is a list"),
        ({0: b"\x00"}, TransactionDecodeError, "leading zero"),
        ({0: b"\x01" * 9}, TransactionDecodeError, "nonce is above"),
        ({5: b"\x09"}, InvalidSignature, "is not that of"),
    ],
)
def test_refusals(replaced: dict[int, Any], error: type[TransactionError], words: str) -> None:
    with pytest.raises(error, match=words):
        decode_transaction(sign_0x71(KEYS[0], replaced=replaced), CHAIN_ID)


def test_another_chain_is_refused() -> None:
    with pytest.raises(WrongChainId, match="signed for chain 1, this is chain 271"):
        decode_transaction(sign_0x71(KEYS[0], chain_id=1), CHAIN_ID)


def test_the_upper_half_of_s_is_refused() -> None:
    s = SECP256K1_N - int.from_bytes(_SIGNATURE[32:64], "big")
    flipped = _SIGNATURE[:32] + s.to_bytes(32, "big") + bytes([55 - _SIGNATURE[64]])
    with pytest.raises(InvalidSignature, match="out of range"):
        decode_transaction(sign_0x71(KEYS[0], replaced={14: flipped}), CHAIN_ID)


def test_an_l1_does_not_take_it() -> None:
    with pytest.raises(UnsupportedTransactionType, match=r"not supported by this chain; send type 2"):
        decode_transaction(sign_0x71(KEYS[0]), CHAIN_ID, takes_eip712=False)


@given(data=st.data())
def test_no_second_encoding_of_a_transaction(data: st.DataObject) -> None:
    """Whatever is changed in the bytes is refused: all of them are signed, or part of the signature."""
    raw = sign_0x71(KEYS[0])
    at = data.draw(st.integers(1, len(raw) - 1))
    mutated = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :]
    with pytest.raises(TransactionError):
        decode_transaction(mutated, CHAIN_ID)


def test_a_block_runs_it_as_a_plain_call() -> None:
    sender = address_of(KEYS[0])
    bench = Bench(ChainRules(CHAIN_ID), [GenesisAccount(sender, b"", balance=ETHER, nonce=0)])
    context = bench.context()
    builder = bench.executor.begin_block(context, bench.nodes)
    tx = decode_transaction(sign_0x71(KEYS[0], maxPriorityFeePerGas=1), CHAIN_ID)
    again, poor = tx, decode_transaction(sign_0x71(KEYS[1]), CHAIN_ID)
    done, repeated, unpaid = builder.apply([tx, again, poor])
    assert isinstance(done, Included) and isinstance(repeated, Rejected) and isinstance(unpaid, Rejected)
    assert "nonce too low" in str(repeated.error) and "insufficient funds" in str(unpaid.error)
    assert (done.receipt.type, done.receipt.status, done.receipt.encode()[0]) == (0x71, 1, 0x71)
    assert done.receipt.effective_gas_price == context.base_fee_per_gas + 1
    block = builder.seal()
    assert block.transactions[0].raw[0] == 0x71


def test_a_contract_cannot_send_it() -> None:
    sender = address_of(KEYS[0])
    bench = Bench(ChainRules(CHAIN_ID), [GenesisAccount(sender, b"\x00", balance=ETHER, nonce=0)])
    builder = bench.executor.begin_block(bench.context(), bench.nodes)
    (outcome,) = builder.apply([decode_transaction(sign_0x71(KEYS[0]), CHAIN_ID)])
    assert isinstance(outcome, Rejected)
    assert "not an eoa" in str(outcome.error)
