"""Why a batch input is refused: stable codes, the same from every implementation of the batch program."""

from enum import StrEnum

from chain_template.errors import BatchInputError


class Reason(StrEnum):
    """One code a class of defect."""

    VERSION = "version"
    """The input's version is unknown."""
    MALFORMED = "malformed"
    """Cut short, too long, or a field is out of its range."""
    HEADER = "header"
    """A header is not in canonical RLP form."""
    ANCESTORS = "ancestors"
    """The ancestors' headers do not lead to the parent's, or are too many."""
    WITNESS_ORDER = "witness-order"
    """Trie nodes or codes are not strictly ascending by hash."""
    NO_BLOCKS = "no-blocks"
    """The batch is empty."""
    DA_SCHEME = "da-scheme"
    """The DA scheme is unknown."""
    BASE_FEE = "base-fee"
    """A block's base fee does not follow from the block before."""
    INVALID_BLOCK = "invalid-block"
    """A rule of the block format is broken: time runs backwards, gas limit, order of transaction kinds."""
    TRANSACTION = "transaction"
    """A transaction's bytes or signature are not valid on this chain."""
    REJECTED = "rejected"
    """A transaction cannot be included where it stands (nonce, balance, fee, block gas)."""
    PRIORITY_ORDER = "priority-order"
    """L1 operations are not consecutive."""
    SYSTEM_TRANSACTION = "system-transaction"
    """A system transaction failed, or is not made for its block."""
    MISSING_NODE = "missing-node"
    """The witness lacks a trie node or code."""
    MISSING_ANCESTOR = "missing-ancestor"
    """BLOCKHASH was asked for a block whose header is not given."""
    LIMIT = "limit"
    """More transactions or logs than a batch can number."""


def input_error(reason: Reason, message: str) -> BatchInputError:
    """The error for a defect."""
    return BatchInputError(reason.value, message)
