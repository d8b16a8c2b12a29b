"""The description of every machine, in files: widths, ids, degrees, messages and digests change on purpose only.

``python -m tests.zkvm.air.test_golden`` writes the files anew; the difference is for the reviewer.
"""

import json
from pathlib import Path

import pytest

from zkvm.air import Bus, Machine, TableBuilder, challenge, examples
from zkvm.air.describe import canonical_json
from zkvm.machine.machine import riscv

FOLDER = Path(__file__).parent / "golden"
MACHINES = {
    "riscv": riscv,
    "fibonacci": examples.fibonacci,
    "permutation": examples.permutation,
    "lookup": examples.lookup,
    "accumulator": examples.accumulator,
}


def _text(machine: Machine) -> str:
    return json.dumps(machine.describe(), indent=1, ensure_ascii=True) + "\n"


@pytest.mark.parametrize("name", MACHINES)
def test_the_description_is_the_recorded_one(name: str) -> None:
    recorded = json.loads((FOLDER / f"{name}.json").read_text())
    assert MACHINES[name]().describe() == recorded, "on purpose? run python -m tests.zkvm.air.test_golden"


def test_the_digest_is_that_of_the_canonical_json() -> None:
    machine = examples.lookup()
    assert json.loads(canonical_json(machine)) == machine.describe()
    assert len(machine.digest) == 64
    assert b" " not in canonical_json(machine)


def _machine(**changes: object) -> Machine:
    """A machine with one thing different."""
    t = TableBuilder("toy", log_height=changes.get("log_height", (6, 8)))  # type: ignore[arg-type]
    a, b = t.main("a"), t.main("b")
    values = changes.get("values", [0, 1])
    weight = t.challenge_periodic("w", [challenge("zeta") * value for value in values])  # type: ignore[attr-defined]
    t.constrain(str(changes.get("id", "toy.c")), a * changes.get("factor", 3) - b.next * weight)  # type: ignore[operator]
    bus = changes.get("bus", Bus("BUS", 3))
    (t.receive if changes.get("received") else t.send)(bus, changes.get("multiplicity", 1), a, 0)  # type: ignore[arg-type]
    t.send(bus, 1, a, b)  # type: ignore[arg-type]
    return Machine("toy", (t.build(pack=changes.get("pack", 3)),), challenges=("zeta", "eta"))  # type: ignore[arg-type]


CHANGES: list[dict[str, object]] = [
    {"factor": 4},
    {"values": [1, 0]},
    {"values": [0, 1, 0, 1]},
    {"id": "toy.d"},
    {"bus": Bus("BUS", 4)},
    {"bus": Bus("SUB", 3)},
    {"received": True},
    {"multiplicity": 2},
    {"pack": 1},
    {"log_height": (6, 9)},
]


def test_every_change_of_a_definition_changes_the_digest() -> None:
    digests = {_machine(**change).digest for change in [{}, *CHANGES]}
    assert len(digests) == len(CHANGES) + 1
    assert _machine().digest == _machine().digest


def test_counts_of_the_machine() -> None:
    """The figures of the design: 13 tables, 212 witness and 21 fixed columns, 38 extension columns, degree 4."""
    tables = riscv().tables
    assert len(tables) == 13
    assert sum(table.width("main") for table in tables) <= 240
    assert sum(table.width("fixed") for table in tables) == 21
    assert sum(len(table.aux) for table in tables) == 38
    assert max(table.max_degree for table in tables) == 4


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, make in MACHINES.items():
        (FOLDER / f"{name}.json").write_text(_text(make()))
