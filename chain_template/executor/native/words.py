"""What the C sources say by number, in the words of this package and of clients (zkvm/guest/evm/evm.h, base/base.h)."""

from enum import IntEnum
from typing import Final

from chain_template.errors import (
    BatchInputError,
    CallTimeout,
    ExecutionError,
    InvalidBlock,
    MissingStateNode,
    TraceTooLarge,
)
from zkvm import _evm


class Status(IntEnum):
    """How a call ended."""

    SUCCESS = 0
    REVERT = 1
    OUT_OF_GAS = 2
    STACK_UNDERFLOW = 3
    STACK_OVERFLOW = 4
    BAD_JUMP = 5
    BAD_INSTRUCTION = 6
    WRITE_PROTECTION = 7
    OUT_OF_BOUNDS = 8
    COLLISION = 9
    CODE_TOO_LARGE = 10
    CODE_PREFIX = 11
    INIT_CODE_TOO_LARGE = 12
    PRECOMPILE_FAILED = 13
    NO_FUNDS = 14
    TOO_DEEP = 15
    NONCE_OVERFLOW = 16


_WORDS: Final = {
    Status.REVERT: "execution reverted",
    Status.OUT_OF_GAS: "out of gas",
    Status.STACK_UNDERFLOW: "stack underflow",
    Status.STACK_OVERFLOW: "stack limit reached 1024",
    Status.BAD_JUMP: "invalid jump destination",
    Status.WRITE_PROTECTION: "write protection",
    Status.OUT_OF_BOUNDS: "return data out of bounds",
    Status.COLLISION: "contract address collision",
    Status.CODE_TOO_LARGE: "out of gas",
    Status.CODE_PREFIX: "invalid code: must not begin with 0xef",
    Status.INIT_CODE_TOO_LARGE: "out of gas",
    Status.PRECOMPILE_FAILED: "precompile failed",
    Status.NO_FUNDS: "insufficient balance for transfer",
    Status.TOO_DEEP: "max call depth exceeded",
    Status.NONCE_OVERFLOW: "nonce overflow",
}


def describe(status: int, opcode: int, place: int) -> str:
    """Why a call ended that did not succeed.

    Args:
        status: A :class:`Status`.
        opcode: Of a bad instruction.
        place: Where that stands in its code.
    """
    if status == Status.BAD_INSTRUCTION:
        return f"invalid opcode: Invalid opcode {opcode:#x} @ {place}"
    return _WORDS[Status(status)]


_MALFORMED, _TRANSACTION, _INVALID_BLOCK, _MISSING_NODE, _OUT_OF_MEMORY = 2, 10, 9, 14, 17
_LATE, _TOO_MANY_STEPS = 100, 101


def error_of(failure: _evm.Failure, max_steps: int = 0) -> ExecutionError | BatchInputError:
    """The error of this package behind a run that gave up."""
    reason, missing = failure.args
    if reason == _MISSING_NODE:
        return MissingStateNode(f"the state view lacks a node: 0x{missing.hex()}")
    if reason == _MALFORMED:
        return MissingStateNode("the state view holds something that is no trie node")
    if reason == _TRANSACTION:
        return InvalidBlock("a transaction's bytes are not in their one valid form")
    if reason == _INVALID_BLOCK:
        return InvalidBlock("an account cannot pay what the block takes from it")
    if reason == _LATE:
        return CallTimeout("execution aborted: it ran longer than this endpoint allows")
    if reason == _TOO_MANY_STEPS:
        return TraceTooLarge(f"the trace has more than {max_steps} steps", hint='Use "limit", or the callTracer.')
    if reason == _OUT_OF_MEMORY:
        return ExecutionError("the execution needs more memory than there is room for")
    return ExecutionError(f"the execution gave up with reason {reason}")
