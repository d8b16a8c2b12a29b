"""``python -m zkvm.air.generate.evaluators FOLDER`` writes the constraint evaluators of the machine there, as Solidity.

Which contract has which tables stays as it is in the folder; ``--choose SOLC`` chooses anew, with this compiler, so
that each has as many tables as fit. A compiler is a program that takes ``--standard-json``.
"""

import argparse
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from zkvm.air.generate.solidity import partition, sources
from zkvm.air.machine import Machine
from zkvm.machine.machine import riscv

COMPILER = {
    "viaIR": True,
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 200},
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
}
"""As ``contracts/foundry.toml`` compiles what is deployed."""


def chosen(machine: Machine, folder: Path) -> list[range]:
    """The partition of the contracts in the folder, by the first lines of their sources.

    Raises:
        ValueError: there are none, or one does not say its tables.
        UnknownName: a table is not the machine's.
    """
    parts = []
    for number in range(1, 1 + len(list(folder.glob("ConstraintEvaluator*.sol")))):
        path = folder / f"ConstraintEvaluator{number}.sol"
        found = re.search(r"the tables (\S+) to (\S+);", path.read_text())
        if not found:
            raise ValueError(f"{path} does not say which tables it has; choose anew with --choose")
        first, last = (machine.tables.index(machine.table(name)) for name in found.groups())
        parts.append(range(first, last + 1))
    if not parts:
        raise ValueError(f"{folder} has no evaluators yet; choose with --choose")
    return parts


def compile_solidity(solc: Path, texts: dict[str, str]) -> dict[str, bytes]:
    """The runtime code of contracts, by their names; ``texts`` has one contract each.

    Raises:
        ValueError: the compiler refuses one.
    """
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in texts.items()},
        "settings": {**COMPILER, "outputSelection": {"*": {"*": ["evm.deployedBytecode.object"]}}},
    }
    ran = subprocess.run(
        [solc, "--standard-json"], input=json.dumps(request), capture_output=True, text=True, check=True
    )
    answer = json.loads(ran.stdout)
    errors = [error["formattedMessage"] for error in answer.get("errors", []) if error["severity"] == "error"]
    if errors:
        raise ValueError("\n".join(errors))
    compiled = answer["contracts"]
    return {name: bytes.fromhex(compiled[name][name]["evm"]["deployedBytecode"]["object"]) for name in texts}


def measured(solc: Path) -> Callable[[str, str], int]:
    """The length of a contract's runtime code, by this compiler."""
    return lambda name, text: len(compile_solidity(solc, {name: text})[name])


def main() -> None:
    """Write the contracts, and remove those that are no more."""
    parser = argparse.ArgumentParser(prog="python -m zkvm.air.generate.evaluators", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the contracts go")
    parser.add_argument("--choose", type=Path, metavar="SOLC", help="choose anew which contract has which tables")
    arguments = parser.parse_args()
    machine, folder = riscv(), arguments.folder
    parts = partition(machine, measured(arguments.choose)) if arguments.choose else chosen(machine, folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / f"{name}.sol": text for name, text in sources(machine, parts).items()}
    for path in folder.glob("ConstraintEvaluator*.sol"):
        if path not in texts:
            path.unlink()
    for path, text in texts.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
