"""Reading parameters: from JSON to bytes, integers, block tags; every refusal names the value and what was expected."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from chain_template.rpc.errors import InvalidParams

UINT64_MAX: Final = (1 << 64) - 1
UINT256_MAX: Final = (1 << 256) - 1

#: Block tags clients use; zksync-ethers sends ``committed`` by default.
TAGS: Final = ("latest", "pending", "earliest", "safe", "finalized", "committed", "l1_committed")

_HEX: Final = frozenset("0123456789abcdefABCDEF")


class Malformed(ValueError):
    """A value is not of the type asked for; the binder adds which parameter it was."""


@dataclass(frozen=True, slots=True)
class BlockId:
    """A block as a client names it: exactly one of tag, number and hash is set."""

    tag: str | None = None
    number: int | None = None
    hash: bytes | None = None

    def __str__(self) -> str:
        if self.hash is not None:
            return f"0x{self.hash.hex()}"
        return self.tag if self.tag is not None else str(self.number)


LATEST: Final = BlockId(tag="latest")
PENDING: Final = BlockId(tag="pending")


def show(value: Any) -> str:
    """A value for an error message, shortened."""
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= 80 else f"{text[:77]}..."


def quantity(value: Any, limit: int = UINT256_MAX) -> int:
    """A non-negative integer: ``0x`` hex as clients send it, or a JSON number.

    Leading zeros are accepted: some clients pad (``0x0320``).
    """
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str):
        digits = _hex_digits(value)
        if not digits:
            raise Malformed('"0x" is not a number; zero is "0x0"')
        if len(digits) > 66:
            raise Malformed(f"hex number > {limit.bit_length()} bits")
        number = int(digits, 16)
    else:
        raise Malformed(f'expected a hex quantity such as "0x1", got {show(value)}')
    if number < 0:
        raise Malformed(f"expected a non-negative quantity, got {number}")
    if number > limit:
        raise Malformed(f"hex number > {limit.bit_length()} bits")
    return number


def uint64(value: Any) -> int:
    """A quantity that fits 64 bits."""
    return quantity(value, UINT64_MAX)


def data(value: Any) -> bytes:
    """Bytes of any length as ``0x`` hex."""
    if not isinstance(value, str):
        raise Malformed(f'expected hex data such as "0x00ff", got {show(value)}')
    if value[:2] == "0x":
        try:
            decoded = bytes.fromhex(value[2:])
        except ValueError:
            pass  # below it is said what is wrong
        else:
            if 2 * len(decoded) == len(value) - 2:  # fromhex skips blanks
                return decoded
    digits = _hex_digits(value)
    if len(digits) % 2:
        raise Malformed(f"hex string of odd length: {show(value)}")
    return bytes.fromhex(digits)


def address(value: Any) -> bytes:
    """20 bytes; any mix of upper and lower case."""
    return _fixed(value, 20, "an address")


def hash32(value: Any) -> bytes:
    """32 bytes."""
    return _fixed(value, 32, "a 32-byte hash")


def slot(value: Any) -> int:
    """A storage slot: a quantity, or up to 32 bytes of data (both are in use)."""
    if isinstance(value, str) and len(value) > 66:
        raise Malformed(f"a storage key has at most 32 bytes, got {(len(value) - 1) // 2}")
    return quantity(value)


def boolean(value: Any) -> bool:
    """A JSON boolean."""
    if not isinstance(value, bool):
        raise Malformed(f"expected true or false, got {show(value)}")
    return value


def text(value: Any) -> str:
    """A JSON string."""
    if not isinstance(value, str):
        raise Malformed(f"expected a string, got {show(value)}")
    return value


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise Malformed(f"expected an object, got {show(value)}")
    return value


def anything(value: Any) -> Any:
    """Whatever the client sent; for parameters that are accepted and ignored."""
    return value


def block_number(value: Any) -> BlockId:
    """A tag or a number."""
    if isinstance(value, str) and not value.lower().startswith("0x"):
        if value in TAGS:
            return BlockId(tag=value)
        near = get_close_matches(value, TAGS, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else f"; tags are {', '.join(TAGS)}"
        raise Malformed(f"{show(value)} is no block number or tag{hint}")
    return BlockId(number=uint64(value))


def block_id(value: Any) -> BlockId:
    """A tag, a number, or EIP-1898's object with ``blockNumber`` or ``blockHash``."""
    if isinstance(value, str) and len(value) == 66:
        return BlockId(hash=hash32(value))
    if not isinstance(value, dict):
        return block_number(value)
    number, block_hash = value.get("blockNumber"), value.get("blockHash")
    if (number is None) == (block_hash is None):
        raise Malformed("expected exactly one of blockNumber and blockHash")
    if value.get("requireCanonical") is not None:
        # Every block this chain knows is canonical, so there is nothing to require.
        boolean(value["requireCanonical"])
    return BlockId(hash=hash32(block_hash)) if block_hash is not None else block_number(number)


def list_of(item: Callable[[Any], Any], most: int) -> Callable[[Any], list[Any]]:
    """A JSON array of up to ``most`` items."""

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Malformed(f"expected an array, got {show(value)}")
        if len(value) > most:
            raise Malformed(f"an array of {len(value)} items; at most {most} are taken")
        return [item(each) for each in value]

    return read


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a method.

    Attributes:
        read: Turns JSON into the value the method takes; raises :class:`Malformed`.
        optional: May be missing or null; the method then gets ``default``.
    """

    name: str
    read: Callable[[Any], Any]
    optional: bool = False
    default: Any = None


def bind(params: tuple[Param, ...], given: Any) -> list[Any]:
    """Read a request's ``params`` by position.

    Raises:
        InvalidParams: They do not fit.
    """
    if given is None:
        given = []
    if not isinstance(given, list):
        raise InvalidParams(f"non-array args: parameters are taken by position, got {show(given)}")
    while len(given) > len(params) and given[-1] is None:
        given = given[:-1]
    if len(given) > len(params):
        raise InvalidParams(f"too many arguments, want at most {len(params)}")
    values = []
    for index, param in enumerate(params):
        value = given[index] if index < len(given) else None
        if value is None:
            if not param.optional:
                raise InvalidParams(f"missing value for required argument {index} ({param.name})")
            values.append(param.default)
            continue
        try:
            values.append(param.read(value))
        except Malformed as exc:
            raise InvalidParams(f"invalid argument {index} ({param.name}): {exc}") from exc
    return values


def field(fields: dict[str, Any], name: str, read: Callable[[Any], Any], default: Any = None) -> Any:
    """One member of an object parameter; absent and null are ``default``.

    Raises:
        Malformed: It is there and does not fit; the message names it.
    """
    value = fields.get(name)
    if value is None:
        return default
    try:
        return read(value)
    except Malformed as exc:
        raise Malformed(f"{name}: {exc}") from exc


def _fixed(value: Any, size: int, what: str) -> bytes:
    decoded = data(value)
    if len(decoded) != size:
        raise Malformed(f"hex string has length {2 * len(decoded)}, want {2 * size} for {what}")
    return decoded


def _hex_digits(value: str) -> str:
    if value[:2] not in ("0x", "0X"):
        raise Malformed(f"hex string without 0x prefix: {show(value)}")
    digits = value[2:]
    if not _HEX.issuperset(digits):
        raise Malformed(f"invalid hex string: {show(value)}")
    return digits
