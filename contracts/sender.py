"""Sends transactions to the settlement layer for one key: nonces, fees, signatures, replacements."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rlp
from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey
from eth_utils.address import to_checksum_address
from eth_utils.exceptions import ValidationError

from contracts.abi import encode_call
from contracts.artifacts import Artifact
from contracts.client import RECEIPT_TIMEOUT_S, Fees, L1Client, Receipt
from contracts.errors import AlreadyKnown, EncodingError, NonceTooLow

GAS_MARGIN_PERCENT: Final = 25
"""Added to a gas estimate: the state may differ when the transaction runs."""


def address_of(private_key: bytes) -> str:
    """Checksummed address of a key."""
    return str(_key(private_key).public_key.to_checksum_address())


def create_address(sender: str, nonce: int) -> str:
    """Where ``sender`` creates a contract with its transaction ``nonce``."""
    return to_checksum_address(keccak(rlp.encode([bytes.fromhex(sender[2:]), nonce]))[12:])


def create2_address(creator: str, salt: bytes, init_code: bytes) -> str:
    """Where ``creator`` creates ``init_code`` with CREATE2 and ``salt`` (EIP-1014)."""
    return to_checksum_address(keccak(b"\xff" + bytes.fromhex(creator[2:]) + salt + keccak(init_code))[12:])


@dataclass(frozen=True, slots=True)
class SentTransaction:
    """A transaction that was handed in; what a replacement needs to know of it."""

    hash: bytes
    nonce: int
    to: str | None
    data: bytes
    value: int
    gas: int
    fees: Fees


class Sender:
    """Signs and sends EIP-1559 transactions for one private key.

    Nonces are counted here from the node's pending nonce on, so that several transactions can be in flight;
    after a failure to hand one in, the count is read again. Use one ``Sender`` a key. Thread-safe.
    """

    def __init__(self, client: L1Client, private_key: bytes, *, chain_id: int | None = None) -> None:
        self.client = client
        self._key = _key(private_key)
        self.address = str(self._key.public_key.to_checksum_address())
        self._chain_id = chain_id
        self._next_nonce: int | None = None
        self._lock = threading.Lock()

    @property
    def chain_id(self) -> int:
        """Chain id that is signed; asked of the node once."""
        if self._chain_id is None:
            self._chain_id = self.client.chain_id()
        return self._chain_id

    @property
    def next_nonce(self) -> int:
        """Nonce of the next transaction sent from here."""
        if self._next_nonce is None:
            self._next_nonce = self.client.get_nonce(self.address)
        return self._next_nonce

    def forget_nonce(self) -> None:
        """Read the nonce from the node again: after a reorganisation, or when the key was used elsewhere."""
        self._next_nonce = None

    def send(
        self,
        to: str | None,
        data: bytes = b"",
        *,
        value: int = 0,
        gas: int | None = None,
        fees: Fees | None = None,
        what: str = "",
        record: Callable[[bytes, bytes], None] | None = None,
    ) -> SentTransaction:
        """Sign and hand in a transaction; ``to=None`` creates a contract.

        Without ``gas`` the node estimates it, which finds most reverts before anything is sent
        (:class:`TransactionReverted`). Other errors are those of :meth:`L1Client.send_raw`.

        ``record`` gets hash and signed transaction before that is handed in, for a caller who must know
        after a crash what may have been sent.
        """
        limit = gas if gas is not None else self._estimate(to, data, value, what)
        paid = fees if fees is not None else self.client.fees()
        with self._lock:
            sent = self._hand_in(to, data, value, limit, paid, self.next_nonce, record)
            self._next_nonce = sent.nonce + 1
        return sent

    def replace(self, sent: SentTransaction, fees: Fees) -> SentTransaction:
        """Send the same transaction with the same nonce and other fees.

        Raises :class:`NonceTooLow` when the original is included meanwhile, :class:`FeeTooLow` when the node
        asks for more.
        """
        return self._hand_in(sent.to, sent.data, sent.value, sent.gas, fees, sent.nonce)

    def transact(
        self,
        to: str | None,
        data: bytes = b"",
        *,
        value: int = 0,
        gas: int | None = None,
        fees: Fees | None = None,
        what: str = "",
        timeout_s: float = RECEIPT_TIMEOUT_S,
    ) -> Receipt:
        """Send and wait; raises :class:`TransactionReverted` or :class:`ReceiptTimeout`."""
        sent = self.send(to, data, value=value, gas=gas, fees=fees, what=what)
        return self.client.wait_for_receipt(sent.hash, timeout_s=timeout_s, what=what)

    def call_contract(
        self,
        artifact: Artifact,
        address: str,
        function: str,
        args: Sequence[Any] = (),
        *,
        value: int = 0,
        gas: int | None = None,
        fees: Fees | None = None,
        timeout_s: float = RECEIPT_TIMEOUT_S,
    ) -> Receipt:
        """Encode a call of ``function``, send it and wait for it."""
        data = encode_call(artifact, function, args)
        what = f"{artifact.name}.{function}"
        return self.transact(address, data, value=value, gas=gas, fees=fees, what=what, timeout_s=timeout_s)

    def sign(self, to: str | None, data: bytes, value: int, gas: int, fees: Fees, nonce: int) -> bytes:
        """A signed type-2 transaction, as ``eth_sendRawTransaction`` takes it."""
        fields = [
            self.chain_id,
            nonce,
            fees.max_priority_fee_per_gas,
            fees.max_fee_per_gas,
            gas,
            bytes.fromhex(to[2:]) if to else b"",
            value,
            data,
            [],
        ]
        signature = self._key.sign_msg_hash(keccak(b"\x02" + rlp.encode(fields)))
        return b"\x02" + bytes(rlp.encode([*fields, signature.v, signature.r, signature.s]))

    def _estimate(self, to: str | None, data: bytes, value: int, what: str) -> int:
        estimate = self.client.estimate_gas(to, data, sender=self.address, value=value, what=what)
        return estimate + estimate * GAS_MARGIN_PERCENT // 100

    def _hand_in(
        self,
        to: str | None,
        data: bytes,
        value: int,
        gas: int,
        fees: Fees,
        nonce: int,
        record: Callable[[bytes, bytes], None] | None = None,
    ) -> SentTransaction:
        raw = self.sign(to, data, value, gas, fees, nonce)
        sent = SentTransaction(keccak(raw), nonce, to, data, value, gas, fees)
        if record is not None:
            record(sent.hash, raw)
        try:
            self.client.send_raw(raw)
        except AlreadyKnown:
            pass  # A repeated request that arrived the first time too.
        except NonceTooLow:
            if self.client.get_receipt(sent.hash) is None:
                self._next_nonce = None
                raise
            # As above, and it is in a block already.
        except Exception:
            self._next_nonce = None
            raise
        return sent


def _key(private_key: bytes) -> PrivateKey:
    try:
        return PrivateKey(private_key)
    except ValidationError as error:
        raise EncodingError(f"not a private key: {error}") from error
