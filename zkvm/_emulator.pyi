"""One run of one guest, in C. Use ``zkvm.emulator.emulator``; the numbers are those of csrc/emulator/machine.h."""

from typing_extensions import Buffer

class Machine:
    """Raises ValueError for rows, addresses or words that contradict each other."""

    def __new__(
        cls,
        rows: Buffer,
        row_at: Buffer,
        code_low: int,
        entry: int,
        image: Buffer,
        input: Buffer,
        memory_limit: int,
    ) -> Machine:
        """``rows``: packed; ``row_at``: their indices by (pc - code_low) / 4; ``image``: (address, value) pairs."""

    def run(self, mode: int, limit: int, stop: int, /) -> tuple[int, int, int, int]:
        """Goes on until the halt, cycle ``limit``, row ``stop`` or a fault: (status, cycle, row, address)."""

    def extend_input(self, words: Buffer, /) -> None:
        """Appends words to the input region."""

    def registers(self) -> bytes:
        """Value and time of 33 registers."""

    def cells(self, addresses: Buffer, /) -> bytes:
        """Value and time of memory words; time 0xffffffff for a word that does not exist."""

    def take(self, name: str, /) -> Buffer:
        """Hands over a list of the log: steps, memw, memb, binary, shift, muldiv, arith256, keccak or touched."""

    def counts(self) -> tuple[bytes, int, int]:
        """Runs by kind (64 times 8 bytes), divisions by zero, words touched from IN_LO on."""

    def set_functions(self, function_of: Buffer, functions: int, /) -> None:
        """Says to which function each row belongs; the top bit marks a function's first row."""

    def profile(self) -> tuple[bytes, bytes, bytes]:
        """Costs by function, its own and with its calls (8 numbers of 8 bytes each), and the numbers of calls."""
