"""The generator that runs while the package is built."""

import os
import subprocess
import sys
from pathlib import Path

from zkvm.air import examples
from zkvm.air.generate.c import MAX_NODES, quotient_parts, source_names, sources, write_sources
from zkvm.air.generate.machines import compiled_machines

ROOT = Path(__file__).parents[3]


def test_it_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    """-S: no site-packages; -W error as everywhere."""
    command = [sys.executable, "-S", "-W", "error", "-m", "zkvm.air.generate", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    listed = subprocess.run([*command, "--list"], env=environment, capture_output=True, text=True, check=True).stdout
    assert not list(tmp_path.iterdir())
    subprocess.run(command, env=environment, check=True)
    assert sorted(listed.split(";")) == sorted(str(path) for path in tmp_path.iterdir())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == sources(compiled_machines())


def test_files_that_would_not_change_are_left_alone(tmp_path: Path) -> None:
    machines = [examples.fibonacci(), examples.lookup()]
    paths = write_sources(machines, tmp_path)
    assert [path.name for path in paths] == source_names(machines)
    stale = tmp_path / "lookup_user.c"
    stale.write_text("old")
    times = {path: path.stat().st_mtime_ns for path in paths}
    write_sources(machines, tmp_path)
    assert {path for path in paths if path.stat().st_mtime_ns != times[path]} == {stale}
    assert "quotient" in stale.read_text()


def test_every_constraint_is_in_the_text() -> None:
    """P2 of the design: a constraint that is written but never wired proves nothing."""
    for machine in compiled_machines():
        for table in machine.tables:
            text = "\n".join(quotient_parts(table))
            for number, constraint in enumerate(table.constraints):
                assert f"/* {constraint.id} */" in text
                assert f"weights + {3 * number})" in text


def test_large_tables_are_split() -> None:
    machine = compiled_machines()[0]
    assert len(quotient_parts(machine.table("keccak"))) > 1
    for part in quotient_parts(machine.table("main")):
        assert part.count(" = ") < 2 * MAX_NODES
