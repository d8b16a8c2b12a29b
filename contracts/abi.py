"""Calls, results, events and reverts of compiled contracts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from contracts.artifacts import AbiItem, Artifact, artifact_names, load
from contracts.codec import abi_decode, abi_encode
from contracts.errors import EncodingError

_ERROR_STRING: Final = bytes.fromhex("08c379a0")
_PANIC: Final = bytes.fromhex("4e487b71")
_PANIC_REASONS: Final = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division by zero",
    0x21: "value outside of its enum",
    0x22: "damaged storage array",
    0x31: "pop from an empty array",
    0x32: "array index out of bounds",
    0x41: "out of memory",
    0x51: "call of an uninitialised function",
}


def encode_call(artifact: Artifact, function: str, args: Sequence[Any] = ()) -> bytes:
    """Calldata of ``function`` (a name, or a signature where the name is overloaded)."""
    item = artifact.function(function)
    return item.selector + _encode(item, args)


def encode_deploy(artifact: Artifact, args: Sequence[Any] = ()) -> bytes:
    """Creation code with its constructor arguments."""
    return artifact.bytecode + _encode(artifact.constructor, args)


def decode_result(artifact: Artifact, function: str, data: bytes) -> Any:
    """What a call of ``function`` returned: the value, or a tuple of several."""
    values = abi_decode(artifact.function(function).output_types, data)
    return values[0] if len(values) == 1 else values


def decode_call(artifact: Artifact, data: bytes) -> tuple[str, tuple[Any, ...]]:
    """Name and arguments of a call's data; raises :class:`EncodingError` for an unknown selector."""
    for item in artifact.items:
        if item.kind == "function" and item.selector == data[:4]:
            return item.name, abi_decode(item.input_types, data[4:])
    raise EncodingError(f"{artifact.name} has no function with selector 0x{data[:4].hex()}")


def decode_event(artifact: Artifact, event: str, topics: Sequence[bytes], data: bytes) -> dict[str, Any] | None:
    """Arguments of a log by name, or ``None`` if the log is another event.

    An indexed argument of dynamic type stands in the log as its hash, and is given as that.
    """
    item = artifact.event(event)
    if not topics or topics[0] != item.topic:
        return None
    indexed = [entry for entry in item.inputs if entry["indexed"]]
    if len(indexed) != len(topics) - 1:
        return None
    plain = [(entry, kind) for entry, kind in zip(item.inputs, item.input_types, strict=True)]
    values = iter(abi_decode([kind for entry, kind in plain if not entry["indexed"]], data))
    words = iter(topics[1:])
    return {
        entry["name"]: _decode_topic(kind, next(words)) if entry["indexed"] else next(values) for entry, kind in plain
    }


@dataclass(frozen=True, slots=True)
class Revert:
    """A decoded revert.

    Attributes:
        name: Name of the custom error, ``Error`` for a revert string, ``Panic``, or empty if unknown.
        args: Its arguments by name.
        text: The whole, readable.
    """

    name: str
    args: Mapping[str, Any]
    text: str


def explain_revert(data: bytes) -> Revert:
    """Decode revert data with the errors of every contract we know."""
    if not data:
        return Revert("", {}, "no reason given (out of gas, or a bare revert)")
    selector, body = data[:4], data[4:]
    try:
        if selector == _ERROR_STRING:
            (message,) = abi_decode(["string"], body)
            return Revert("Error", {"message": message}, str(message))
        if selector == _PANIC:
            (code,) = abi_decode(["uint256"], body)
            return Revert("Panic", {"code": code}, _PANIC_REASONS.get(code, f"panic 0x{code:x}"))
        for item in _known_errors().get(selector, ()):
            values = abi_decode(item.input_types, body)
            names = [entry["name"] or f"argument{i}" for i, entry in enumerate(item.inputs)]
            args = dict(zip(names, values, strict=True))
            shown = ", ".join(f"{name}={_show(value)}" for name, value in args.items())
            return Revert(item.name, args, f"{item.name}({shown})")
    except EncodingError:
        pass  # A known selector with a foreign body: show it raw below.
    return Revert("", {}, f"unknown error 0x{data.hex()}")


@cache
def _known_errors() -> dict[bytes, tuple[AbiItem, ...]]:
    errors: dict[bytes, dict[str, AbiItem]] = {}
    for name in artifact_names():
        for item in load(name).items:
            if item.kind == "error":
                errors.setdefault(item.selector, {})[item.signature] = item
    return {selector: tuple(items.values()) for selector, items in errors.items()}


def _encode(item: AbiItem, args: Sequence[Any]) -> bytes:
    if len(args) != len(item.inputs):
        raise EncodingError(f"{item.signature} takes {len(item.inputs)} arguments, {len(args)} given")
    try:
        return abi_encode(item.input_types, args)
    except EncodingError as error:
        raise EncodingError(f"{item.signature}: {error}") from error


def _decode_topic(kind: str, word: bytes) -> Any:
    dynamic = kind in ("bytes", "string") or kind.endswith("]") or kind.startswith("(")
    return word if dynamic else abi_decode([kind], word)[0]


def _show(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
