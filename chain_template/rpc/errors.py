"""Every error of the JSON-RPC endpoint, and the one table that turns any error into what a client reads.

::

    ChainError
    ├── RpcError                     goes to a client as a JSON-RPC error object
    │   ├── ParseError               -32700  the body is not JSON
    │   ├── InvalidRequest           -32600  it is JSON, but not a request
    │   ├── MethodNotFound           -32601  no such method here
    │   ├── InvalidParams            -32602  a parameter is missing, superfluous or malformed
    │   ├── ServerError              -32000  the request is well-formed and cannot be answered (geth's general code)
    │   ├── RequestTimeout           -32002  it took longer than this endpoint allows
    │   ├── Overloaded               -32005  try again later (clients do)
    │   ├── HistoryLost              4444  the chain was recovered from L1, which does not show this (EIP-4444's code)
    │   ├── ExecutionReverted             3  a call reverted; ``data`` is what it returned
    │   └── NotYetIncluded                4  eth_sendRawTransactionSync: pooled, but not in a block in time
    └── RpcStartError                the endpoint could not start
        ├── PortInUse
        └── AddressUnusable
"""

from typing import Any, Final

from chain_template.errors import CallTimeout, ChainError, TransactionError

INTERNAL_ERROR: Final = -32603


class RpcError(ChainError):
    """An error with a JSON-RPC code of its own.

    Attributes:
        code: JSON-RPC error code.
        data: What the error object carries under ``data``; None for nothing.
    """

    code = -32000

    def __init__(self, message: str, *, hint: str = "", data: Any = None) -> None:
        super().__init__(message, hint=hint)
        self.data = data


class ParseError(RpcError):
    """The body is not JSON."""

    code = -32700


class InvalidRequest(RpcError):
    """The JSON is not a request object, or a batch that is empty or too long."""

    code = -32600


class MethodNotFound(RpcError):
    """This endpoint has no such method."""

    code = -32601


class InvalidParams(RpcError):
    """A parameter is missing, superfluous or malformed."""

    code = -32602


class ServerError(RpcError):
    """A well-formed request that cannot be answered."""


class RequestTimeout(RpcError):
    """The request took longer than this endpoint allows."""

    code = -32002


class Overloaded(RpcError):
    """Too much is waiting already; viem and others retry this code by themselves."""

    code = -32005


class HistoryLost(RpcError):
    """The chain was recovered from L1, where only what came of these blocks is published."""

    code = 4444


class ExecutionReverted(RpcError):
    """A call reverted; ``data`` is the revert data as hex."""

    code = 3


class NotYetIncluded(RpcError):
    """The transaction is in the pool, but no block held it in time (EIP-7966); ``data`` is its hash."""

    code = 4


class RpcStartError(ChainError):
    """The endpoint could not start."""


class PortInUse(RpcStartError):
    """Something else listens on the port."""


class AddressUnusable(RpcStartError):
    """The host is no address of this machine, or the port needs more rights."""


def error_object(error: Exception) -> dict[str, Any] | None:
    """The JSON-RPC error object for an error that was raised on purpose; None for a bug.

    Args:
        error: Anything a method raised.
    """
    if isinstance(error, RpcError):
        shown: dict[str, Any] = {"code": error.code, "message": _words(error)}
        if error.data is not None:
            shown["data"] = error.data
        return shown
    if isinstance(error, TransactionError):
        return {"code": error.rpc_code, "message": _words(error)}
    if isinstance(error, CallTimeout):
        return {"code": RequestTimeout.code, "message": _words(error)}
    if isinstance(error, ChainError):
        return {"code": ServerError.code, "message": _words(error)}
    return None


def _words(error: ChainError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
