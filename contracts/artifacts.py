"""Compiled contracts: committed under ``artifacts/``; the gate checks that they were made of the sources."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from eth_hash.auto import keccak

from contracts.errors import ArtifactError

ARTIFACTS: Final = Path(__file__).parent / "artifacts"


@dataclass(frozen=True)
class AbiItem:
    """A function, event or error of a contract.

    Attributes:
        kind: ``function``, ``event``, ``error`` or ``constructor``.
        name: Its name.
        inputs: ABI entries of the parameters.
        outputs: ABI entries of the results (functions only).
        payable: Whether it accepts value.
    """

    kind: str
    name: str
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...] = ()
    payable: bool = False

    @property
    def input_types(self) -> tuple[str, ...]:
        """Canonical types of the parameters."""
        return tuple(canonical_type(entry) for entry in self.inputs)

    @property
    def output_types(self) -> tuple[str, ...]:
        """Canonical types of the results."""
        return tuple(canonical_type(entry) for entry in self.outputs)

    @property
    def signature(self) -> str:
        """``name(type,...)``."""
        return f"{self.name}({','.join(self.input_types)})"

    @property
    def selector(self) -> bytes:
        """First four bytes of the signature's hash."""
        return self.topic[:4]

    @property
    def topic(self) -> bytes:
        """Hash of the signature: topic 0 of an event."""
        return keccak(self.signature.encode())


@dataclass(frozen=True)
class Artifact:
    """A compiled contract.

    Attributes:
        name: Contract name.
        abi: The ABI as the compiler gave it.
        bytecode: Creation code, without constructor arguments.
        deployed_bytecode: Runtime code (immutables still zero).
    """

    name: str
    abi: tuple[Mapping[str, Any], ...]
    bytecode: bytes
    deployed_bytecode: bytes
    items: tuple[AbiItem, ...] = field(repr=False)

    def function(self, name: str) -> AbiItem:
        """The function with this name, or with this signature where the name is overloaded."""
        return self._find("function", name)

    def event(self, name: str) -> AbiItem:
        """The event with this name or signature."""
        return self._find("event", name)

    @property
    def constructor(self) -> AbiItem:
        """The constructor; one without parameters where the source has none."""
        for item in self.items:
            if item.kind == "constructor":
                return item
        return AbiItem("constructor", "constructor", ())

    def _find(self, kind: str, name: str) -> AbiItem:
        found = [item for item in self.items if item.kind == kind and name in (item.name, item.signature)]
        if len(found) == 1:
            return found[0]
        if found:
            choices = ", ".join(item.signature for item in found)
            raise ArtifactError(f"{self.name}.{name} is overloaded: name one of {choices}")
        known = ", ".join(sorted({item.name for item in self.items if item.kind == kind}))
        raise ArtifactError(f"{self.name} has no {kind} {name}; it has {known or 'none'}")


@cache
def load(name: str) -> Artifact:
    """The compiled contract ``name``.

    Raises:
        ArtifactError: There is none, or its file is damaged.
    """
    path = ARTIFACTS / f"{name}.json"
    try:
        content = json.loads(path.read_text())
        abi = tuple(content["abi"])
        items = tuple(_item(entry) for entry in abi if entry["type"] in _KINDS)
        return Artifact(
            name=content["contractName"],
            abi=abi,
            bytecode=bytes.fromhex(content["bytecode"].removeprefix("0x")),
            deployed_bytecode=bytes.fromhex(content["deployedBytecode"].removeprefix("0x")),
            items=items,
        )
    except FileNotFoundError as error:
        known = ", ".join(artifact_names())
        raise ArtifactError(f"there is no contract {name}; the artifacts hold {known or 'none'}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"the artifact of {name} is damaged: {error!r}",
            hint="restore it with `git checkout contracts/artifacts` or `make -C contracts artifacts`",
        ) from error


def artifact_names() -> list[str]:
    """Names of all compiled contracts, sorted."""
    return sorted(path.stem for path in ARTIFACTS.glob("*.json"))


def canonical_type(entry: Mapping[str, Any]) -> str:
    """Type of an ABI entry with tuples written out: ``(uint256,bytes32)[]``."""
    kind = str(entry["type"])
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(canonical_type(component) for component in entry["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


_KINDS: Final = ("function", "event", "error", "constructor")


def _item(entry: Mapping[str, Any]) -> AbiItem:
    return AbiItem(
        kind=entry["type"],
        name=entry.get("name", "constructor"),
        inputs=tuple(entry["inputs"]),
        outputs=tuple(entry.get("outputs", ())),
        payable=entry.get("stateMutability") == "payable",
    )
