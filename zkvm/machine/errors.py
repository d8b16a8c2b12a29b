"""What can go wrong between a program and its proof.

::

    ZkvmError
    └── MachineError
        ├── UnprovableProgram     the program cannot be committed to
        ├── TableTooTall          the run needs more rows than a table may have
        ├── ImpossibleCall        a precompile's logged result is not what its table proves
        └── OtherProgram          a key that belongs to another program
"""

from zkvm.errors import ZkvmError


class MachineError(ZkvmError):
    """Base of the errors of the machine."""


class UnprovableProgram(MachineError):
    """A row of the program breaks a rule that the constraints rely on."""

    hint = "this is a fault of the decoder, or the program was built for another machine"

    def __init__(self, pc: int, reason: str) -> None:
        super().__init__(f"instruction at {pc:#x}: {reason}")
        self.pc = pc
        self.reason = reason


class TableTooTall(MachineError):
    """The run needs more rows than a table may have."""

    hint = "prove fewer instructions at a time"

    def __init__(self, table: str, rows: int, limit: int) -> None:
        super().__init__(f"table {table} needs {rows} rows, at most {limit} fit a proof")
        self.table = table
        self.rows = rows
        self.limit = limit


class ImpossibleCall(MachineError):
    """A precompile's logged result is not what its table proves."""

    hint = "the log is not one of this emulator, or it was changed"

    def __init__(self, precompile: str, ts: int, reason: str) -> None:
        super().__init__(f"{precompile} at time {ts}: {reason}")
        self.precompile = precompile
        self.ts = ts
        self.reason = reason


class OtherProgram(MachineError):
    """The key belongs to another program."""

    hint = "make the key with key_for(program, profile, backend)"

    def __init__(self, difference: str) -> None:
        super().__init__(f"the key belongs to another program: {difference}")
        self.difference = difference
