"""The pages about the machine say what the machine is."""

from pathlib import Path

from zkvm.emulator.opcodes import Op
from zkvm.machine import buses
from zkvm.machine.machine import riscv

DOCS = Path(__file__).parents[3] / "docs"


def test_the_table_of_tables() -> None:
    page = (DOCS / "explanation/zkvm/machine.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    told = {cells[0].lower(): [int(cell or 0) for cell in cells[2:]] for cells in rows if cells[0].isupper()}
    found = {
        table.name: [
            len(table.main),
            len(table.fixed),
            len(table.interactions),
            table.width("main") + table.width("aux"),
        ]
        for table in riscv().tables
    }
    assert told == found
    total = next(cells for cells in rows if cells[0] == "**together**")
    sums = [sum(values[i] for values in found.values()) for i in range(3)]
    assert total[2:5] == [f"**{value}**" for value in sums]
    assert f"{riscv().constraint_count} constraints" in page


def test_op_codes_and_buses() -> None:
    page = (DOCS / "reference/zkvm/machine.md").read_text()
    words = " ".join(page.split())
    assert all(f"{op.name} {op.value}" in words for op in Op if op is not Op.NONE)
    for bus in (buses.ROM, buses.OP, buses.MEM, buses.R16, buses.PAIR, buses.AND, buses.POW, buses.CHI):
        assert f"| {bus.name} | {bus.id} |" in page
