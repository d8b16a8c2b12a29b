"""The verifying key: what a verifier knows about a program before it sees a proof.

The fixed columns' tree depends on the height N of the tallest table, since it sets the domains of all others. So a key
holds one root for every possible N; its hash covers them all.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from eth_hash.auto import keccak

from zkvm.air import Machine
from zkvm.air.describe import canonical_json
from zkvm.field import P
from zkvm.stark.domains import FINAL_COEFFICIENTS_LOG
from zkvm.stark.encoding import Reader
from zkvm.stark.errors import MalformedKey, WrongKey
from zkvm.stark.merkle_verify import SHORTEST_NODE
from zkvm.stark.profiles import MAX_DOMAIN_BITS, Profile

if TYPE_CHECKING:  # only the prover's half of this file has arrays; a verifier needs no NumPy
    import numpy as np
    from numpy.typing import NDArray

MAGIC = b"zkhubkey"
VERSION = 1


@dataclass(frozen=True)
class VerifyingKey:
    """A program's key under profiles of one blow-up and node length.

    Attributes:
        machine: The machine's name.
        log_blowup: Of the profiles it serves.
        node_bytes: Of the profiles it serves.
        parameters: The base field elements that the machine's constraints leave open.
        heights: Rows of each table whose height the machine leaves to the key.
        roots: log2 N → root of the fixed tree.
        constraints: ``constraints_digest`` of the machine.
    """

    machine: str
    log_blowup: int
    node_bytes: int
    parameters: Mapping[str, int]
    heights: Mapping[str, int]
    roots: Mapping[int, bytes]
    constraints: bytes

    @cached_property
    def hash(self) -> bytes:
        """32 bytes that stand for the key in the transcript and on L1."""
        return keccak(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The one encoding of this key."""
        parts = [MAGIC, struct.pack(">H", VERSION), _text(self.machine)]
        parts.append(struct.pack(">BBH", self.log_blowup, self.node_bytes, len(self.parameters)))
        for name in sorted(self.parameters):
            parts += [_text(name), struct.pack(">Q", self.parameters[name])]
        parts.append(struct.pack(">H", len(self.heights)))
        for name in sorted(self.heights):
            parts += [_text(name), struct.pack(">Q", self.heights[name])]
        parts.append(struct.pack(">H", len(self.roots)))
        for log_height in sorted(self.roots):
            parts += [struct.pack(">B", log_height), self.roots[log_height]]
        return b"".join([*parts, self.constraints])

    @classmethod
    def from_bytes(cls, data: bytes) -> "VerifyingKey":
        """Decode a key.

        Raises:
            MalformedKey: These bytes are no key.
        """
        reader = Reader(data, MalformedKey, lambda offset: MalformedKey(offset, "a parameter is not below p"))
        reader.expect(MAGIC, "the magic word")
        reader.expect(struct.pack(">H", VERSION), "the version")
        machine = _read_text(reader)
        log_blowup, node_bytes = reader.number(1, "the blow-up"), reader.number(1, "the node length")
        if not SHORTEST_NODE <= node_bytes <= 32:
            raise reader.fail(f"nodes of {node_bytes} bytes", back=1)
        parameters: dict[str, int] = {}
        for _ in range(reader.number(2, "the number of parameters")):
            name = _read_name(reader, parameters)
            (parameters[name],) = reader.elements(1, f"parameter {name}")
        heights: dict[str, int] = {}
        for _ in range(reader.number(2, "the number of heights")):
            name = _read_name(reader, heights)
            heights[name] = reader.number(8, f"the height of {name}")
            if heights[name].bit_count() != 1:
                raise reader.fail(f"the height of {name} is no power of two", back=8)
        roots: dict[int, bytes] = {}
        for _ in range(reader.number(2, "the number of roots")):
            log_height = reader.number(1, "the height of a root")
            if log_height > MAX_DOMAIN_BITS or log_height <= max(roots, default=-1):
                raise reader.fail(f"a root for 2^{log_height} rows at this place", back=1)
            roots[log_height] = reader.take(node_bytes, "a root")
        constraints = reader.take(32, "the constraints' digest")
        reader.end()
        return cls(machine, log_blowup, node_bytes, parameters, heights, roots, constraints)

    def check(self, machine: Machine, profile: Profile) -> None:
        """Refuse a key that is not for this machine and this profile.

        Raises:
            WrongKey: It says what differs.
        """
        if self.machine != machine.name or self.constraints != constraints_digest(machine):
            raise WrongKey(f"the key is for another version of {machine.name} or for another machine ({self.machine})")
        if (self.log_blowup, self.node_bytes) != (profile.log_blowup, profile.node_bytes):
            raise WrongKey(f"the key's blow-up 2^{self.log_blowup} and nodes do not serve profile {profile.name}")
        if set(self.parameters) != set(machine.parameters):
            raise WrongKey(f"the key sets {sorted(self.parameters)}, {machine.name} has {sorted(machine.parameters)}")
        for name, value in self.parameters.items():
            if not 0 <= value < P:
                raise WrongKey(f"parameter {name} is not in the field")
        keyed = {table.name for table in machine.tables if table.keyed}
        if set(self.heights) != keyed:
            raise WrongKey(
                f"the key has heights of {sorted(self.heights)}, {machine.name} leaves {sorted(keyed)} to it"
            )
        if any(height < 1 or height & (height - 1) for height in self.heights.values()):
            raise WrongKey("a fixed table's height is no power of two")
        if set(self.roots) != set(root_heights(machine, self.heights)):
            raise WrongKey(f"the key has roots for log2 N in {sorted(self.roots)}")
        if any(len(root) != self.node_bytes for root in self.roots.values()):
            raise WrongKey("a root has another length than the key's nodes")


@dataclass(frozen=True)
class ProvingKey:
    """What the prover knows besides the verifying key.

    Attributes:
        vk: The verifying key.
        fixed: For each table with fixed columns, those columns, shape (columns, rows).
    """

    vk: VerifyingKey
    fixed: "Mapping[str, NDArray[np.uint64]]"


def root_heights(machine: Machine, heights: Mapping[str, int]) -> range:
    """Every log2 N that a proof may have and a key needs a root for; none when the machine has no fixed columns."""
    if not any(table.fixed for table in machine.tables):
        return range(0)
    tallest = max(heights[table.name].bit_length() - 1 for table in machine.tables if table.keyed)
    return range(max(tallest, FINAL_COEFFICIENTS_LOG), machine.max_log_height + 1)


@lru_cache(maxsize=16)
def constraints_digest(machine: Machine) -> bytes:
    """keccak-256 of the machine's canonical description: a changed constraint makes another key."""
    return keccak(canonical_json(machine))


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def _read_text(reader: Reader) -> str:
    raw = reader.take(reader.number(2, "the length of a name"), "a name")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise reader.fail("a name is no UTF-8 text", back=len(raw)) from None


def _read_name(reader: Reader, before: Mapping[str, int]) -> str:
    """A name that sorts after those before it."""
    name = _read_text(reader)
    if before and name <= max(before):
        raise reader.fail(f"{name!r} is out of order", back=len(name.encode()))
    return name
