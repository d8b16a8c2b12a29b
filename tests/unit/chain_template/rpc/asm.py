"""A few contracts in EVM assembly, so that these tests need no compiler."""

from eth.vm import opcode_values

from chain_template.executor.pyevm.transactions import created_address

_OPCODES = {name: value for name, value in vars(opcode_values).items() if name.isupper()} | {
    "SHA3": 0x20,
    "INVALID": 0xFE,
    "PUSH0": 0x5F,
}


def assemble(source: str) -> bytes:
    """Opcodes by name; ``0x…`` pushes a constant, ``@name`` pushes a label's place, ``name:`` is the label."""
    code, labels, holes = bytearray(), {}, []
    for token in source.split():
        if token.endswith(":"):
            labels[token[:-1]] = len(code)
            code.append(_OPCODES["JUMPDEST"])
        elif token.startswith("@"):
            holes.append((len(code) + 1, token[1:]))
            code += b"\x61\x00\x00"
        elif token.startswith("0x"):
            value = bytes.fromhex(token[2:])
            code += bytes([0x5F + len(value)]) + value
        else:
            code.append(_OPCODES[token])
    for at, label in holes:
        code[at : at + 2] = labels[label].to_bytes(2, "big")
    return bytes(code)


def deployer(runtime: bytes) -> bytes:
    """Init code that installs ``runtime``."""
    copy = assemble(f"0x{len(runtime):04x} DUP1 0x000c 0x00 CODECOPY 0x00 RETURN".replace("0x000c", "0x00"))
    start = len(copy)
    copy = assemble(f"0x{len(runtime):04x} DUP1 0x{start:02x} 0x00 CODECOPY 0x00 RETURN")
    assert len(copy) == start
    return copy + runtime


#: Solidity's ``Error("no")``.
ERROR_NO = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"no".ljust(32, b"\x00")

COUNTED_TOPIC = b"\xc0" * 32

#: What it does depends on the first byte of its calldata; without any it counts, emits a log and returns the count.
MANY = assemble(
    f"""
    CALLDATASIZE ISZERO @count JUMPI
    0x00 CALLDATALOAD 0xf8 SHR
    DUP1 0x01 EQ @revert JUMPI
    DUP1 0x02 EQ @spin JUMPI
    DUP1 0x03 EQ @call_self JUMPI
    DUP1 0x04 EQ @broken JUMPI
    DUP1 0x05 EQ @create JUMPI
    DUP1 0x06 EQ @static_self JUMPI
    DUP1 0x07 EQ @destroy JUMPI
    DUP1 0x08 EQ @pay_too_much JUMPI
    DUP1 0x09 EQ @clear JUMPI
    DUP1 0x0a EQ @swallow JUMPI
    DUP1 0x0b EQ @delegate_self JUMPI
    DUP1 0x0c EQ @environment JUMPI
    DUP1 0x0d EQ @descend JUMPI
    STOP
    count:
      0x00 SLOAD 0x01 ADD DUP1 0x00 SSTORE
      0x00 MSTORE
      CALLER 0x{COUNTED_TOPIC.hex()} 0x20 0x00 LOG2
      0x20 0x00 RETURN
    revert:
      0x{ERROR_NO[:32].hex()} 0x00 MSTORE
      0x{ERROR_NO[32:64].hex()} 0x20 MSTORE
      0x{ERROR_NO[64:96].hex()} 0x40 MSTORE
      0x{ERROR_NO[96:].ljust(32, bytes(1)).hex()} 0x60 MSTORE
      0x64 0x00 REVERT
    spin: @spin JUMP
    call_self:
      0x00 0x00 0x00 0x00 0x00 ADDRESS GAS CALL
      0x20 0x00 0x00 RETURNDATACOPY 0x20 0x00 RETURN
    broken: INVALID
    descend:
      0x0d 0x00 MSTORE8
      0x00 0x00 0x01 0x00 0x00 ADDRESS GAS CALL STOP
    create:
      0x600160005360016000f3 0x00 MSTORE
      0x0a 0x16 0x00 CREATE
      0x00 MSTORE 0x20 0x00 RETURN
    static_self:
      0x00 0x00 0x00 0x00 ADDRESS 0xffff STATICCALL 0x00 MSTORE 0x20 0x00 RETURN
    destroy: CALLER SELFDESTRUCT
    pay_too_much:
      0x00 0x00 0x00 0x00 0xffffffffffffffffffff CALLER 0xffff CALL 0x00 MSTORE 0x20 0x00 RETURN
    clear: 0x00 0x00 SSTORE STOP
    swallow:
      0x01 0x00 MSTORE8
      0x00 0x00 0x01 0x00 0x00 ADDRESS 0xffff CALL
      0x00 MSTORE 0x20 0x00 RETURN
    delegate_self:
      0x00 0x00 0x00 0x00 ADDRESS 0xffff DELEGATECALL 0x00 MSTORE 0x20 0x00 RETURN
    environment:
      NUMBER 0x00 MSTORE TIMESTAMP 0x20 MSTORE BASEFEE 0x40 MSTORE COINBASE 0x60 MSTORE
      GASPRICE 0x80 MSTORE CALLER 0xa0 MSTORE GASLIMIT 0xc0 MSTORE
      CALLER BALANCE 0xe0 MSTORE 0x0100 0x00 RETURN
    """
)


def contract_address(sender: bytes, nonce: int) -> bytes:
    return created_address(sender, nonce)
