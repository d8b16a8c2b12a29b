"""Compile the example contract with the npm solc of ``contracts/`` (``make npm`` installs it).

``python examples/contracts/build.py`` writes ``Guestbook.json``; the tests check that it fits the source.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOLC = HERE.parent.parent / "contracts" / "tools" / "solc"


def compile_contract(name: str) -> dict[str, Any]:
    """ABI and bytecode of a contract of this directory, without metadata: the same source gives the same bytes."""
    source = f"{name}.sol"
    request = {
        "language": "Solidity",
        "sources": {source: {"content": (HERE / source).read_text()}},
        "settings": {
            "evmVersion": "cancun",
            "optimizer": {"enabled": True, "runs": 200},
            "metadata": {"bytecodeHash": "none", "appendCBOR": False},
            "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}},
        },
    }
    done = subprocess.run(
        [str(SOLC), "--standard-json"], input=json.dumps(request), capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    faults = [fault["formattedMessage"] for fault in answer.get("errors", []) if fault["severity"] == "error"]
    if faults:
        raise SystemExit("\n".join(faults))
    contract = answer["contracts"][source][name]
    return {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
    }


if __name__ == "__main__":
    (HERE / "Guestbook.json").write_text(json.dumps(compile_contract("Guestbook"), indent=2) + "\n")
