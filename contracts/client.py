"""A small synchronous JSON-RPC client of the settlement layer.

Every request is safe to repeat, so connection errors are retried with growing pauses before
:class:`L1Unavailable` is raised. One client may be used from several threads.
"""

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx
from eth_utils.address import to_checksum_address

from contracts.abi import decode_event, decode_result, encode_call, explain_revert
from contracts.artifacts import Artifact
from contracts.errors import (
    AlreadyKnown,
    FeeTooLow,
    InsufficientFunds,
    L1RpcError,
    L1Unavailable,
    NonceTooLow,
    ReceiptTimeout,
    TransactionReverted,
)

REQUEST_TIMEOUT_S: Final = 10.0
RETRIES: Final = 4
RETRY_PAUSE_S: Final = 0.1
"""Pause before the first retry; each next one is twice as long."""
RECEIPT_TIMEOUT_S: Final = 60.0
_RECEIPT_POLL_S: Final = 0.02
_RECEIPT_POLL_MAX_S: Final = 0.5

BlockTag = int | str
"""A block number, or ``latest``, ``pending``, ``safe``, ``finalized``, ``earliest``."""


@dataclass(frozen=True, slots=True)
class Log:
    """An event as the node gives it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    log_index: int

    def decode(self, artifact: Artifact, event: str) -> dict[str, Any] | None:
        """Its arguments if it is this event of this contract, else ``None``."""
        return decode_event(artifact, event, self.topics, self.data)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction.

    Attributes:
        transaction_hash: The transaction.
        block_number: Block that holds it.
        block_hash: Its hash (tells a reorganised receipt from the one seen before).
        succeeded: ``False`` if it reverted.
        gas_used: Gas.
        effective_gas_price: Wei a gas.
        contract_address: Where it created a contract, else ``None``.
        logs: Its events, in order.
    """

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    effective_gas_price: int
    contract_address: str | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559 fees, wei a gas."""

    max_fee_per_gas: int
    max_priority_fee_per_gas: int

    def raised(self, percent: int) -> "Fees":
        """Both fees raised by ``percent``, rounded up: what a replacement offers."""
        return Fees(
            -(-self.max_fee_per_gas * (100 + percent) // 100),
            -(-self.max_priority_fee_per_gas * (100 + percent) // 100),
        )


class L1Client:
    """JSON-RPC over HTTP to one URL.

    Args:
        url: The node.
        timeout_s: Of one request, seconds.
        retries: How often a request is repeated after a connection error.
        headers: Extra HTTP headers, such as an authorisation.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = REQUEST_TIMEOUT_S,
        retries: int = RETRIES,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self._retries = retries
        self._http = httpx.Client(timeout=timeout_s, headers=dict(headers or {}), trust_env=False)
        self._ids = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # -- requests ---------------------------------------------------------------------------------------

    def rpc(self, method: str, params: Sequence[Any] = ()) -> Any:
        """One JSON-RPC request.

        Raises:
            L1Unavailable: No answer, after the retries.
            L1RpcError: The node refused; its subclasses name the refusals a sender must tell apart.
        """
        answer = self._post(self._request(method, params))
        if not isinstance(answer, dict):
            raise L1Unavailable(self.url, "the answer is not a JSON-RPC object")
        return self._result(method, answer)

    def rpc_batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Several requests in one HTTP exchange; the results in the order of ``calls``."""
        if not calls:
            return []
        requests = [self._request(method, params) for method, params in calls]
        answers = self._post(requests)
        if not isinstance(answers, list):
            raise L1Unavailable(self.url, "the answer to a batch is not an array")
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        results = []
        for request in requests:
            answer = by_id.get(request["id"])
            if answer is None:
                raise L1Unavailable(self.url, f"the batch answer lacks {request['method']}")
            results.append(self._result(request["method"], answer))
        return results

    # -- state ------------------------------------------------------------------------------------------

    def chain_id(self) -> int:
        """Chain id of the settlement layer."""
        return int(self.rpc("eth_chainId"), 16)

    def block_number(self) -> int:
        """Number of the latest block."""
        return int(self.rpc("eth_blockNumber"), 16)

    def get_block(self, block: BlockTag = "latest") -> dict[str, Any] | None:
        """A block as the node gives it (hex strings), without its transactions' bodies."""
        result: dict[str, Any] | None = self.rpc("eth_getBlockByNumber", [_tag(block), False])
        return result

    def get_balance(self, address: str, block: BlockTag = "latest") -> int:
        """Balance in wei."""
        return int(self.rpc("eth_getBalance", [address, _tag(block)]), 16)

    def get_code(self, address: str, block: BlockTag = "latest") -> bytes:
        """Runtime code."""
        return _bytes(self.rpc("eth_getCode", [address, _tag(block)]))

    def get_nonce(self, address: str, block: BlockTag = "pending") -> int:
        """Nonce of the next transaction."""
        return int(self.rpc("eth_getTransactionCount", [address, _tag(block)]), 16)

    def get_logs(
        self,
        address: str | Sequence[str] | None = None,
        topics: Sequence[bytes | Sequence[bytes] | None] = (),
        from_block: BlockTag = 0,
        to_block: BlockTag = "latest",
    ) -> list[Log]:
        """Events of a range of blocks; a ``None`` topic matches anything, a sequence any of its members."""
        query: dict[str, Any] = {"fromBlock": _tag(from_block), "toBlock": _tag(to_block)}
        if address is not None:
            query["address"] = address if isinstance(address, str) else list(address)
        if topics:
            query["topics"] = [_topic(topic) for topic in topics]
        return [_log(entry) for entry in self.rpc("eth_getLogs", [query])]

    def fees(self) -> Fees:
        """Fees that stay valid while the base fee doubles."""
        block, tip = self.rpc_batch([("eth_getBlockByNumber", ["latest", False]), ("eth_maxPriorityFeePerGas", [])])
        priority = int(tip, 16)
        return Fees(2 * int(block["baseFeePerGas"], 16) + priority, priority)

    # -- calls ------------------------------------------------------------------------------------------

    def call(
        self,
        to: str,
        data: bytes,
        *,
        sender: str | None = None,
        value: int = 0,
        block: BlockTag = "latest",
        what: str = "",
    ) -> bytes:
        """``eth_call``; raises :class:`TransactionReverted` with the decoded reason."""
        request = _transaction(sender, to, data, value)
        try:
            return _bytes(self.rpc("eth_call", [request, _tag(block)]))
        except L1RpcError as error:
            raise _as_revert(error, what or f"call of {to}") from error

    def read(
        self,
        artifact: Artifact,
        address: str,
        function: str,
        args: Sequence[Any] = (),
        *,
        block: BlockTag = "latest",
    ) -> Any:
        """Call a view function and decode what it returns."""
        what = f"{artifact.name}.{function} at {address}"
        data = self.call(address, encode_call(artifact, function, args), block=block, what=what)
        return decode_result(artifact, function, data)

    def estimate_gas(
        self, to: str | None, data: bytes, *, sender: str | None = None, value: int = 0, what: str = ""
    ) -> int:
        """``eth_estimateGas``; raises :class:`TransactionReverted` with the decoded reason."""
        try:
            return int(self.rpc("eth_estimateGas", [_transaction(sender, to, data, value)]), 16)
        except L1RpcError as error:
            raise _as_revert(error, what or f"transaction to {to}") from error

    # -- transactions -----------------------------------------------------------------------------------

    def send_raw(self, raw: bytes) -> bytes:
        """Hand in a signed transaction and return its hash.

        Raises:
            AlreadyKnown: The node has it.
            NonceTooLow: Its nonce is used.
            FeeTooLow: It replaces another one and pays too little, or pays less than the base fee.
            InsufficientFunds: Its sender cannot pay.
        """
        return _bytes(self.rpc("eth_sendRawTransaction", ["0x" + raw.hex()]))

    def get_receipt(self, transaction_hash: bytes) -> Receipt | None:
        """The receipt, or ``None`` while the transaction is not in a block."""
        answer = self.rpc("eth_getTransactionReceipt", ["0x" + transaction_hash.hex()])
        return None if answer is None else _receipt(answer)

    def wait_for_receipt(
        self, transaction_hash: bytes, *, timeout_s: float = RECEIPT_TIMEOUT_S, what: str = ""
    ) -> Receipt:
        """Wait until the transaction is in a block.

        Raises:
            TransactionReverted: It is, and it failed; the reason is found by repeating it as a call.
            ReceiptTimeout: It is not, yet.
        """
        started = time.monotonic()
        pause = _RECEIPT_POLL_S
        while (receipt := self.get_receipt(transaction_hash)) is None:
            if time.monotonic() - started > timeout_s:
                raise ReceiptTimeout(transaction_hash, timeout_s)
            time.sleep(pause)
            pause = min(2 * pause, _RECEIPT_POLL_MAX_S)
        if not receipt.succeeded:
            raise self._why_reverted(receipt, what or "transaction")
        return receipt

    def _why_reverted(self, receipt: Receipt, what: str) -> TransactionReverted:
        """Repeat a failed transaction on the state before its block to learn the reason.

        Transactions before it in the same block are not repeated, so the call may succeed now.
        """
        tx_hash = receipt.transaction_hash
        sent = self.rpc("eth_getTransactionByHash", ["0x" + tx_hash.hex()])
        request = {
            "from": sent["from"],
            "data": sent["input"],
            "value": sent["value"],
            "gas": sent["gas"],
        }
        if sent.get("to"):
            request["to"] = sent["to"]
        try:
            self.rpc("eth_call", [request, hex(receipt.block_number - 1)])
        except L1RpcError as error:
            revert = explain_revert(_revert_data(error.data))
            reason = revert.text if _revert_data(error.data) else error.rpc_message
            return TransactionReverted(
                what, reason, error_name=revert.name, data=_revert_data(error.data), transaction_hash=tx_hash
            )
        return TransactionReverted(what, "it succeeds when it is repeated", transaction_hash=tx_hash)

    # -- wire -------------------------------------------------------------------------------------------

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(params)}

    def _post(self, body: Any) -> Any:
        pause = RETRY_PAUSE_S
        for attempt in range(self._retries + 1):
            try:
                response = self._http.post(self.url, json=body)
                # JSON-RPC errors may come with any status; only a body that is no JSON is a failure.
                return response.json()
            except (httpx.TransportError, json.JSONDecodeError) as error:
                if attempt == self._retries:
                    raise L1Unavailable(self.url, str(error) or type(error).__name__) from error
            except (httpx.InvalidURL, UnicodeDecodeError) as error:
                raise L1Unavailable(self.url, str(error)) from error
            time.sleep(pause)
            pause *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _result(self, method: str, answer: Mapping[str, Any]) -> Any:
        error = answer.get("error")
        if error is None:
            if "result" not in answer:
                raise L1Unavailable(self.url, f"the answer to {method} has neither result nor error")
            return answer["result"]
        if not isinstance(error, dict):
            raise L1RpcError(method, 0, str(error))
        raise _rpc_error(method, int(error.get("code", 0)), str(error.get("message", "")), error.get("data"))


# The words of geth, reth, erigon, anvil and zkhub; there is no code that tells these apart.
_REFUSALS: Final[tuple[tuple[tuple[str, ...], type[L1RpcError]], ...]] = (
    (("already known", "already imported", "known transaction"), AlreadyKnown),
    (("nonce too low",), NonceTooLow),
    (("insufficient funds",), InsufficientFunds),
    (
        ("underpriced", "max fee per gas less than block base fee", "fee cap less than block base fee"),
        FeeTooLow,
    ),
)


def _rpc_error(method: str, code: int, message: str, data: object) -> L1RpcError:
    lowered = message.lower()
    for phrases, kind in _REFUSALS:
        if any(phrase in lowered for phrase in phrases):
            return kind(method, code, message, data)
    return L1RpcError(method, code, message, data)


def _as_revert(error: L1RpcError, what: str) -> L1RpcError | TransactionReverted:
    """The revert inside a JSON-RPC error, or the error itself if it is none."""
    data = _revert_data(error.data)
    if not data and error.code != 3 and "revert" not in error.rpc_message.lower():
        return error
    revert = explain_revert(data)
    return TransactionReverted(what, revert.text if data else error.rpc_message, error_name=revert.name, data=data)


def _revert_data(data: object) -> bytes:
    """Revert bytes in the ``data`` field: a hex string, or an object around one (hardhat)."""
    if isinstance(data, Mapping):
        return _revert_data(data.get("data"))
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return b""
    return b""


def _transaction(sender: str | None, to: str | None, data: bytes, value: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"data": "0x" + data.hex(), "value": hex(value)}
    if sender is not None:
        fields["from"] = sender
    if to is not None:
        fields["to"] = to
    return fields


def _tag(block: BlockTag) -> str:
    return block if isinstance(block, str) else hex(block)


def _topic(topic: bytes | Sequence[bytes] | None) -> Any:
    if topic is None:
        return None
    return "0x" + topic.hex() if isinstance(topic, bytes) else ["0x" + one.hex() for one in topic]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _log(entry: Mapping[str, Any]) -> Log:
    return Log(
        address=to_checksum_address(entry["address"]),
        topics=tuple(_bytes(topic) for topic in entry["topics"]),
        data=_bytes(entry["data"]),
        block_number=int(entry["blockNumber"], 16),
        block_hash=_bytes(entry["blockHash"]),
        transaction_hash=_bytes(entry["transactionHash"]),
        log_index=int(entry["logIndex"], 16),
    )


def _receipt(answer: Mapping[str, Any]) -> Receipt:
    created = answer.get("contractAddress")
    return Receipt(
        transaction_hash=_bytes(answer["transactionHash"]),
        block_number=int(answer["blockNumber"], 16),
        block_hash=_bytes(answer["blockHash"]),
        succeeded=int(answer["status"], 16) == 1,
        gas_used=int(answer["gasUsed"], 16),
        effective_gas_price=int(answer["effectiveGasPrice"], 16),
        contract_address=to_checksum_address(created) if created else None,
        logs=tuple(_log(entry) for entry in answer["logs"]),
    )
