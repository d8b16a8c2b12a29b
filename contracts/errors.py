"""What can go wrong between Python and the contracts.

::

    ContractsError
    ├── ArtifactError              a compiled contract is missing, damaged, or lacks what was asked for
    ├── EncodingError              a value does not fit its ABI type, or bytes do not decode
    ├── L1Error                    the settlement layer
    │   ├── L1Unavailable          cannot be reached, or answered with something that is not JSON-RPC
    │   ├── L1RpcError             answered with a JSON-RPC error
    │   │   ├── NonceTooLow        the nonce is used already
    │   │   ├── InsufficientFunds  the sender cannot pay
    │   │   ├── FeeTooLow          a replacement must pay more, or the fee is below the base fee
    │   │   └── AlreadyKnown       the node has this very transaction
    │   ├── TransactionReverted    a call or a transaction was refused by a contract
    │   └── ReceiptTimeout         a transaction was not included in time
    └── DeployError                what is on L1 is not what the caller describes
"""

from zkhub.errors import HubError


class ContractsError(HubError):
    """Base of this package's errors."""


class ArtifactError(ContractsError):
    """A compiled contract is missing, damaged, or lacks the function, event or error that was asked for."""


class EncodingError(ContractsError):
    """A value does not fit its ABI type, or bytes are not what they should decode to."""


class L1Error(ContractsError):
    """Anything between us and the settlement layer."""


class L1Unavailable(L1Error):
    """The settlement layer cannot be reached, or answered with something that is not JSON-RPC.

    Attributes:
        url: Where it was looked for.
    """

    hint = "check that the L1 runs and that its URL is right; the request may be repeated"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the L1 at {url} cannot be reached: {reason}")
        self.url = url
        self.reason = reason


class L1RpcError(L1Error):
    """The settlement layer answered with a JSON-RPC error.

    Attributes:
        method: The JSON-RPC method.
        code: JSON-RPC error code.
        rpc_message: The node's words.
        data: The error's ``data`` field, as it came.
    """

    def __init__(self, method: str, code: int, rpc_message: str, data: object = None) -> None:
        super().__init__(f"{method} was refused by the L1: {rpc_message} (code {code})")
        self.method = method
        self.code = code
        self.rpc_message = rpc_message
        self.data = data


class NonceTooLow(L1RpcError):
    """The nonce is used already: the transaction, or one that replaced it, is included."""


class InsufficientFunds(L1RpcError):
    """The sender cannot pay for value and gas."""

    hint = "fund the account on L1"


class FeeTooLow(L1RpcError):
    """A replacement must raise both fees (most nodes ask a tenth), or the fee is below the base fee."""


class AlreadyKnown(L1RpcError):
    """The node has this very transaction in its pool."""


class TransactionReverted(L1Error):
    """A contract refused a call or a transaction.

    Attributes:
        what: What was tried.
        reason: Why, decoded: ``Name(argument=value, ...)`` of a custom error, or the revert string.
        error_name: Name of the custom error, or empty.
        data: Raw revert data.
        transaction_hash: Set when the transaction is included in a block, ``None`` for a call.
    """

    def __init__(
        self,
        what: str,
        reason: str,
        *,
        error_name: str = "",
        data: bytes = b"",
        transaction_hash: bytes | None = None,
    ) -> None:
        where = f" (transaction 0x{transaction_hash.hex()})" if transaction_hash else ""
        super().__init__(f"{what} reverted: {reason}{where}")
        self.what = what
        self.reason = reason
        self.error_name = error_name
        self.data = data
        self.transaction_hash = transaction_hash


class ReceiptTimeout(L1Error):
    """A transaction was not included in time; it may still be.

    Attributes:
        transaction_hash: The transaction.
        waited_s: How long it was waited for, seconds.
    """

    hint = "replace it with higher fees and the same nonce, or wait longer"

    def __init__(self, transaction_hash: bytes, waited_s: float) -> None:
        super().__init__(f"transaction 0x{transaction_hash.hex()} was not included within {waited_s:g} s")
        self.transaction_hash = transaction_hash
        self.waited_s = waited_s


class DeployError(ContractsError):
    """What is deployed on L1 is not what the caller describes, or cannot be deployed there."""
