"""One node, L1 or a chain: reads, and transactions that are never sent twice.

The JSON-RPC client and the sender of :mod:`contracts` serve for chains as well; this module gives their errors the
bridge's names, and remembers transactions whose fate is unknown because the node was lost in the middle.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from contracts.client import Fees, L1Client, Receipt
from contracts.errors import (
    AlreadyKnown,
    ContractsError,
    InsufficientFunds,
    L1RpcError,
    L1Unavailable,
    NonceTooLow,
    ReceiptTimeout,
    TransactionReverted,
)
from contracts.sender import Sender, address_of
from shared_bridge.errors import AccountError, AmountError, BridgeRefused, ChainPausedError, RpcLost
from shared_bridge.interfaces import Function

RETRIES: Final = 3
_PAUSES: Final = frozenset({"EnforcedPause", "Paused", "ChainFrozen", "DiamondFrozen", "DepositsPaused"})


@runtime_checkable
class HasKey(Protocol):
    """An account object, such as ``eth_account``'s."""

    @property
    def key(self) -> Any:
        """Its private key, 32 bytes."""


Account = str | bytes | HasKey
"""A private key (32 bytes, or their hex), or an object that has one as ``key``."""


def private_key(account: Account) -> bytes:
    """The key of an account.

    Raises:
        AccountError: It has none.
    """
    found = account.key if isinstance(account, HasKey) else account
    try:
        key = bytes.fromhex(found.removeprefix("0x")) if isinstance(found, str) else bytes(found)
        address_of(key)
    except (ValueError, TypeError, ContractsError):
        raise AccountError("expected a private key of 32 bytes, or an account object that has one") from None
    return key


def account_address(account: Account) -> str:
    """Checksummed address of an account."""
    return address_of(private_key(account))


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction to be sent.

    Attributes:
        to: The contract.
        data: Calldata.
        value: Wei.
        what: What it does, for messages.
        gas: Limit; estimated where left out.
        fees: What it may pay; asked of the node where left out.
    """

    to: str
    data: bytes
    value: int = 0
    what: str = "transaction"
    gas: int | None = None
    fees: Fees | None = None


Identity = tuple[str | int | bytes, ...]
"""What makes two commands the same: their name and arguments."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A transaction that was signed, and may or may not have arrived."""

    hash: bytes
    raw: bytes
    what: str


Signed = Callable[[Identity, bytes, bytes], None]
"""Takes a command's identity, a transaction's hash and the signed transaction."""
_signed: ContextVar[Signed | None] = ContextVar("signed", default=None)


@contextlib.contextmanager
def on_signing(told: Signed) -> Iterator[None]:
    """Be told of every transaction of this thread's commands before it is handed in.

    For a program that must know after a crash what it may have sent.
    """
    token = _signed.set(told)
    try:
        yield
    finally:
        _signed.reset(token)


class Node:
    """JSON-RPC of L1 or a chain.

    Args:
        name: How messages call it.
        url: Where it is.
        receipt_timeout_s: How long a transaction may take to be included.
    """

    def __init__(self, name: str, url: str, *, receipt_timeout_s: float = 120.0, retries: int = RETRIES) -> None:
        self.name = name
        self.url = url
        self.client = L1Client(url, retries=retries)
        self._receipt_timeout_s = receipt_timeout_s
        self._senders: dict[bytes, tuple[Sender, threading.Lock]] = {}
        self._unsure: dict[tuple[str, Identity], _Sent] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    # -- reads ---------------------------------------------------------------------------------------------------

    def rpc(self, method: str, *params: Any) -> Any:
        """One request; raises :class:`RpcLost` or :class:`BridgeRefused`."""
        with self.errors(method):
            return self.client.rpc(method, params)

    def read(self, to: str, function: Function, *args: Any, block: int | str = "latest") -> Any:
        """Call a view function and decode its result."""
        with self.errors(f"{function.name} of {to}"):
            data = self.client.call(to, function.encode(*args), block=block, what=function.name)
            return function.decode(data)

    def has_code(self, address: str) -> bool:
        """Whether there is a contract."""
        with self.errors(f"code of {address}"):
            return bool(self.client.get_code(address))

    def balance(self, address: str, block: int | str = "latest") -> int:
        """Wei."""
        with self.errors(f"balance of {address}"):
            return self.client.get_balance(address, block)

    @contextlib.contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """Give the client's errors the bridge's names."""
        try:
            yield
        except L1Unavailable as error:
            raise RpcLost(self.name, self.url, error.reason) from error
        except ReceiptTimeout as error:
            raise RpcLost(self.name, self.url, str(error)) from error
        except InsufficientFunds as error:
            raise AmountError(None, f"the account cannot pay for {what} on {self.name}: {error.rpc_message}") from error
        except TransactionReverted as error:
            if error.error_name in _PAUSES:
                raise ChainPausedError(f"{self.name} ({error.reason})") from error
            reason, name = error.reason, error.error_name
            raise BridgeRefused(what, reason, error_name=name, transaction_hash=error.transaction_hash) from error
        except L1RpcError as error:
            raise BridgeRefused(what, error.rpc_message) from error

    # -- transactions --------------------------------------------------------------------------------------------

    def transact(self, account: Account, call: Call, identity: Identity) -> Receipt:
        """Send a transaction and wait for its block.

        ``identity`` names the command: after :class:`RpcLost`, :meth:`resume` with the same one finds it again.
        """
        sender, lock = self._sender(private_key(account))
        key = (sender.address, identity)
        with lock, self.errors(call.what):
            sent = self._hand_in(sender, key, call)
        return self._wait(key, sent)

    def resume(self, account: Account, identity: Identity) -> Receipt | None:
        """The transaction of an earlier command with this identity that was lost sight of, if there was one.

        If it never arrived it is handed in as it was signed, so that it happens at most once. ``None`` means that
        nothing of this identity is on its way, or that its nonce went to another transaction.
        """
        sender, lock = self._sender(private_key(account))
        key = (sender.address, identity)
        with lock, self.errors("an earlier transaction"):
            sent = self._arrived(key)
        return None if sent is None else self._wait(key, sent)

    def _wait(self, key: tuple[str, Identity], sent: _Sent) -> Receipt:
        with self.errors(sent.what):
            try:
                return self.client.wait_for_receipt(sent.hash, timeout_s=self._receipt_timeout_s, what=sent.what)
            except (L1Unavailable, ReceiptTimeout):
                self._unsure[key] = sent
                raise

    def _sender(self, key: bytes) -> tuple[Sender, threading.Lock]:
        with self._lock:
            if key not in self._senders:
                self._senders[key] = (Sender(self.client, key), threading.Lock())
            return self._senders[key]

    def _hand_in(self, sender: Sender, key: tuple[str, Identity], call: Call) -> _Sent:
        made: list[_Sent] = []
        told = _signed.get()

        def keep(tx_hash: bytes, raw: bytes) -> None:
            if told is not None:
                told(key[1], tx_hash, raw)
            made.append(_Sent(tx_hash, raw, call.what))

        # The account may be used elsewhere too, so the node's count is what counts.
        sender.forget_nonce()
        try:
            sender.send(
                call.to,
                call.data,
                value=call.value,
                gas=call.gas,
                fees=call.fees,
                what=call.what,
                record=keep,
            )
        except L1Unavailable:
            if made:
                self._unsure[key] = made[-1]
            raise
        return made[-1]

    def _arrived(self, key: tuple[str, Identity]) -> _Sent | None:
        unsure = self._unsure.get(key)
        if unsure is None:
            return None
        if self.client.get_receipt(unsure.hash) is None and not self._handed_in_again(unsure):
            del self._unsure[key]
            return None
        del self._unsure[key]
        return unsure

    def _handed_in_again(self, sent: _Sent) -> bool:
        """Whether the transaction is in the pool or in a block now; not if another one took its nonce."""
        try:
            self.client.send_raw(sent.raw)
        except AlreadyKnown:
            return True
        except NonceTooLow:
            return self.client.get_receipt(sent.hash) is not None
        return True
