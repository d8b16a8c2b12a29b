"""py-evm's reasons for ending a call, in the words that clients know from geth."""

from eth import exceptions as evm

_WORDS: dict[type[Exception], str] = {
    evm.Revert: "execution reverted",
    evm.OutOfGas: "out of gas",
    evm.InsufficientStack: "stack underflow",
    evm.FullStack: "stack limit reached 1024",
    evm.InvalidJumpDestination: "invalid jump destination",
    evm.InvalidInstruction: "invalid opcode",
    evm.InsufficientFunds: "insufficient balance for transfer",
    evm.StackDepthLimit: "max call depth exceeded",
    evm.ContractCreationCollision: "contract address collision",
    evm.WriteProtection: "write protection",
    evm.OutOfBoundsRead: "return data out of bounds",
    evm.ReservedBytesInCode: "invalid code: must not begin with 0xef",
}


def describe(error: Exception) -> str:
    """The reason a computation ended with ``error``."""
    if isinstance(error, evm.InvalidInstruction):
        return f"invalid opcode: {error}" if str(error) else "invalid opcode"
    if type(error) is evm.VMError:
        # Only precompiles raise it; what each says of its input is py-evm's own.
        return "precompile failed"
    for kind in type(error).__mro__:
        if kind in _WORDS:
            return _WORDS[kind]
    return str(error) or type(error).__name__
