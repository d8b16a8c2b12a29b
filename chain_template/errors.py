"""Every error a chain raises on purpose.

::

    ChainError
    ├── ConfigError                 a setting is unknown, out of range or contradicts another
    ├── TransactionError            a transaction cannot be accepted
    │   ├── TransactionDecodeError  its bytes are not a transaction of a known type
    │   ├── UnsupportedTransactionType
    │   ├── InvalidSignature
    │   ├── WrongChainId
    │   ├── NonceTooLow / NonceTooHigh
    │   ├── InsufficientFunds
    │   ├── FeeTooLow
    │   ├── IntrinsicGasTooLow / GasLimitTooHigh
    │   ├── TransactionTooLarge     bytes, or init code
    │   ├── SenderHasCode           EIP-3607
    │   ├── AlreadyKnown
    │   ├── ReplacementUnderpriced
    │   └── MempoolFull
    ├── ExecutionError              a block or batch cannot be executed as given
    │   ├── InvalidBlock            a rule of the block format is broken (names the field)
    │   ├── SystemTransactionFailed a 0x7e transaction must never fail
    │   ├── CallTimeout             a call or trace ran longer than it may
    │   ├── TraceTooLarge           a trace has more steps than one answer may hold
    │   ├── ExecutorsDisagree       two executors make different things of one block
    │   └── MissingStateNode        the state view has no such trie node or code
    ├── StoreError
    │   ├── StoreCorrupt            the database file is damaged or of another chain
    │   │   └── WrongChainStore     it is sound, but holds another chain
    │   ├── StoreFull               the disk refused a write; nothing was committed
    │   ├── StoreVersionMismatch
    │   ├── StoreLocked             another process has this chain's directory open
    │   ├── StoreClosed             the store was closed before the call
    │   ├── OutOfOrder              a block, batch or operation does not follow the last one stored
    │   ├── RollbackRefused         it would undo what is settled, or what a block already includes
    │   └── TooManyResults          a query matches more rows than the caller allows
    ├── BatchError
    │   ├── BatchInputError         a batch input is malformed (reason code)
    │   ├── DataUnavailable         L1 does not show what a batch published
    │   ├── DataMismatch            what a batch published is not what it committed to (names batch and account)
    │   └── IllegalBatchTransition
    └── SettlementError
        ├── SettlementRefused       L1 refused a transaction for a reason that will not pass by itself
        ├── ProofJobLost            the prover has forgotten a batch it was given
        ├── MalformedParts          what should be a proof's parts is not
        ├── NoMessageRoot           L1 has no message root for a block
        ├── L1Diverged              L1 shows something that contradicts what this chain knows
        ├── GenesisUnknown          block 0 does not follow from what L1 and the caller say
        └── RollbackNeeded          L1 dropped a request that a block includes
"""

from typing import Any

from zkhub.errors import HubError


class ChainError(HubError):
    """Base of every error of this package."""


class ConfigError(ChainError):
    """A setting is unknown, out of range, or contradicts another one."""


class TransactionError(ChainError):
    """A transaction cannot be accepted.

    Attributes:
        rpc_code: JSON-RPC error code that clients expect for it.
        fields: The values the message speaks of.
    """

    rpc_code = -32000

    def __init__(self, message: str, *, hint: str = "", **fields: Any) -> None:
        super().__init__(message, hint=hint)
        self.fields = fields


class TransactionDecodeError(TransactionError):
    """The bytes are not a well-formed transaction."""

    rpc_code = -32602


class UnsupportedTransactionType(TransactionError):
    """The type byte names a transaction that this chain does not take from users."""


class InvalidSignature(TransactionError):
    """The signature is not canonical, or no key could have made it."""


class WrongChainId(TransactionError):
    """The transaction was signed for another chain."""


class NonceTooLow(TransactionError):
    """The account has already used this nonce."""


class NonceTooHigh(TransactionError):
    """The nonce is so far ahead that the pool will not hold it, or above EIP-2681's limit."""


class InsufficientFunds(TransactionError):
    """The sender cannot pay value plus the most the gas may cost."""


class FeeTooLow(TransactionError):
    """The fee is below what the chain accepts, or the tip is above the fee cap."""


class IntrinsicGasTooLow(TransactionError):
    """The gas limit does not even cover the transaction's own cost."""


class GasLimitTooHigh(TransactionError):
    """The gas limit exceeds the block's."""


class TransactionTooLarge(TransactionError):
    """The transaction or its init code exceeds a size limit."""


class SenderHasCode(TransactionError):
    """A contract cannot send a signed transaction (EIP-3607)."""


class AlreadyKnown(TransactionError):
    """The pool already holds this transaction."""


class ReplacementUnderpriced(TransactionError):
    """A pending transaction with this nonce pays too much to be replaced by this one."""


class MempoolFull(TransactionError):
    """The pool is full and this transaction pays less than everything in it."""


class ExecutionError(ChainError):
    """A block or batch cannot be executed as given."""


class InvalidBlock(ExecutionError):
    """A rule of the block format is broken."""


class SystemTransactionFailed(ExecutionError):
    """A system transaction (0x7e) reverted; its block is invalid."""


class CallTimeout(ExecutionError):
    """A call or trace ran longer than it may; nothing of it remains."""


class TraceTooLarge(ExecutionError):
    """A trace has more steps than one answer may hold."""


class ExecutorsDisagree(ExecutionError):
    """Two executors make different things of one block; none of it is committed.

    Attributes:
        block_number: The block.
        transaction_hash: The transaction they differ in first; None where it is the header.
        field: What of it.
        executors: Names of both.
        values: What each has there.
    """

    def __init__(
        self,
        block_number: int,
        transaction_hash: bytes | None,
        field: str,
        executors: tuple[str, str],
        values: tuple[Any, Any],
    ) -> None:
        where = f"block {block_number}" + (
            "" if transaction_hash is None else f", transaction 0x{transaction_hash.hex()}"
        )
        told = " but ".join(f"{_shown(value)} by {name}" for name, value in zip(executors, values, strict=True))
        super().__init__(
            f"the executors disagree on {where}: {field} is {told}",
            hint="The chain has stopped before this block. Report it with the chain's data directory.",
        )
        self.block_number = block_number
        self.transaction_hash = transaction_hash
        self.field = field
        self.executors = executors
        self.values = values


def _shown(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else repr(value)


class MissingStateNode(ExecutionError):
    """The state view holds no trie node or code with this hash."""


class StoreError(ChainError):
    """The chain's database cannot do what was asked."""


class StoreCorrupt(StoreError):
    """The database file is damaged, or belongs to another chain."""


class WrongChainStore(StoreCorrupt):
    """The database is sound, but it is another chain's, or of another genesis."""


class StoreFull(StoreError):
    """The disk refused a write; nothing of that commit is in the database."""


class StoreVersionMismatch(StoreError):
    """The database was written by an incompatible version."""


class StoreLocked(StoreError):
    """Another process has the chain's directory open."""


class StoreClosed(StoreError):
    """The store was closed before the call."""


class OutOfOrder(StoreError):
    """A block, batch or priority operation does not follow the last one stored."""


class RollbackRefused(StoreError):
    """The rollback would undo what is settled on L1, or drop an operation that a block includes."""


class TooManyResults(StoreError):
    """A query matches more rows than the caller allows.

    Attributes:
        limit: How many were allowed.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"query returned more than {limit} results", hint="Narrow the block range or the filter.")
        self.limit = limit


class BatchError(ChainError):
    """A batch cannot be built or moved on."""


class BatchInputError(BatchError):
    """A batch input is malformed or contradicts itself.

    Attributes:
        reason: Short stable code, the same the proven program will report.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason


class DataUnavailable(BatchError):
    """L1 does not show what a batch published, so nobody can follow the chain past the batch before.

    Attributes:
        batch_number: The batch.
    """

    def __init__(self, batch_number: int, message: str, *, hint: str = "") -> None:
        super().__init__(f"batch {batch_number}: {message}", hint=hint)
        self.batch_number = batch_number


class DataMismatch(BatchError):
    """What a batch published is not what it committed to, or does not lead to the state that its header names.

    Attributes:
        batch_number: The batch; None where only its data was at hand.
        account: Address of the account at which it shows, 20 bytes; None where one cannot be named.
        reason: What does not fit.
    """

    def __init__(self, reason: str, *, batch_number: int | None = None, account: bytes | None = None) -> None:
        super().__init__(reason if batch_number is None else f"batch {batch_number}: {reason}")
        self.batch_number = batch_number
        self.account = account
        self.reason = reason


class IllegalBatchTransition(BatchError):
    """The batch's state machine has no such step."""


class SettlementError(ChainError):
    """A batch cannot be settled."""


class SettlementRefused(SettlementError):
    """L1 refused a transaction for a reason that will not pass by itself."""


class ProofJobLost(SettlementError):
    """The prover has forgotten a batch it was given; it has to be given it again."""


class MalformedParts(SettlementError):
    """Bytes that should be the parts of a proof are something else."""


class L1Diverged(SettlementError):
    """L1 shows something that contradicts what this chain has stored."""


class GenesisUnknown(SettlementError):
    """Block 0 of a chain does not follow from what L1 says and what was given."""


class NoMessageRoot(SettlementError):
    """L1 remembers no message root for a block, so there is nothing to import from it.

    Attributes:
        l1_block: The block.
    """

    def __init__(self, l1_block: int) -> None:
        super().__init__(
            f"L1 has no message root for its block {l1_block}",
            hint="there is one for each L1 block in which a batch of some chain was executed",
        )
        self.l1_block = l1_block


class RollbackNeeded(SettlementError):
    """L1 dropped a request that a block already includes: the chain has to give that block up.

    Attributes:
        to_block: The last block that may stay.
    """

    def __init__(self, to_block: int, message: str) -> None:
        super().__init__(f"{message}; the chain goes back to block {to_block}")
        self.to_block = to_block
