"""Whoever adds a constraint adds the fault that it is there for."""

import re
from pathlib import Path

import pytest

from tests.zkvm.machine.witness import CORE
from zkvm.machine.machine import riscv

HERE = Path(__file__).parent
TESTS = {name: path.read_text() for path in HERE.glob("test_hooks_*.py") if (name := path.stem) != Path(__file__).stem}


@pytest.mark.parametrize("table", CORE)
def test_every_constraint_has_its_fault(table: str) -> None:
    """Each id stands in what some test of the hooks expects to fail."""
    named = {id for source in TESTS.values() for id in re.findall(r'"([a-z]+\.[a-z0-9_]+)"', source)}
    ids = {constraint.id for constraint in riscv().table(table).constraints if not constraint.logup}
    assert ids - named == set()
