"""Contracts that only tests need, compiled when they are first asked for."""

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from contracts.artifacts import Artifact, _item
from tests.support import ROOT

CONTRACTS = ROOT / "contracts"
needs_solc = [
    pytest.mark.npm,
    pytest.mark.skipif(not (CONTRACTS / "node_modules" / "solc").exists(), reason="solc is not installed: make npm"),
]


def compiled(source: Path, name: str) -> Artifact:
    """One of a source's contracts; it imports nothing."""
    content = _compile(source)[name]
    kinds = ("function", "event", "error", "constructor")
    return Artifact(
        name=name,
        abi=tuple(content["abi"]),
        bytecode=bytes.fromhex(content["evm"]["bytecode"]["object"]),
        deployed_bytecode=bytes.fromhex(content["evm"]["deployedBytecode"]["object"]),
        items=tuple(_item(entry) for entry in content["abi"] if entry["type"] in kinds),
    )


@functools.cache
def _compile(source: Path) -> dict[str, Any]:
    wanted = {
        "language": "Solidity",
        "sources": {source.name: {"content": source.read_text()}},
        "settings": {
            "evmVersion": "cancun",
            "optimizer": {"enabled": True},
            "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}},
        },
    }
    command = [CONTRACTS / "tools" / "solc", "--standard-json"]
    ran = subprocess.run(command, input=json.dumps(wanted), capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, Any] = json.loads(ran.stdout)["contracts"][source.name]
    return found
